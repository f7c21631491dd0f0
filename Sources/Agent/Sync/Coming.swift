internal import ControlAPI
internal import SyncCore

/// A large content that another client is still sending, as the hub tells of it.
struct Coming: Hashable, Sendable {
    var digest: Digest
    /// Of the whole, in bytes.
    var size: Int64
    /// All before this place can be read.
    var through: Int64
    /// A directory at or below which it is to lie, as the hub knows it.
    var directory: NodeID
    /// Where below that.
    var path: RelativePath
    /// What the hub calls it over SFTP; nil while it cannot be read.
    var file: String?

    /// Nil for what makes no sense.
    init?(_ message: ComingMessage) {
        guard let digest = Digest(hex: message.sha256), let path = try? wirePath(message.path), !path.isTop,
            message.size > 0, (0...message.size).contains(message.through)
        else { return nil }
        (self.digest, size, through) = (digest, message.size, message.through)
        (directory, self.path, file) = (NodeID(message.parent), path, message.file)
    }

    /// In bytes: less is not worth a connection's while, unless it is all that lacks.
    static let least: Int64 = 4 << 20

    /// What is to be fetched now; nil for nothing.
    /// - Parameter have: how much of it is here, from the front.
    func range(after have: Int64) -> Range<Int64>? {
        guard file != nil, through > have, through == size || through - have >= Coming.least else { return nil }
        return have..<through
    }

    /// Whether it may take room on the disk: what others need is not to find it full.
    /// - Parameter room: in bytes; nil if the disk does not say.
    func fits(after have: Int64, room: Int64?) -> Bool { room.map { $0 / 2 >= size - have } ?? true }
}

/// What is known of contents that others are sending. Pure; times are monotonic milliseconds.
struct ComingNotes {
    /// As they were told of last.
    private(set) var told: [Coming] = []
    /// Whether they have ever been told of.
    private(set) var isKnown = false
    /// Whether a content is wanted here, if it was told.
    private var wanted: [Digest: Bool] = [:]
    /// Until when a content is left alone.
    private var held: [Digest: Int64] = [:]

    /// What could not be read is left alone for so long.
    static let pause: Int64 = 30_000

    /// - Parameter coming: nil while that is not known.
    /// - Returns: whether anything is not sent any more, or this is the first time.
    mutating func note(_ coming: [Coming]?) -> Bool {
        guard let coming, coming != told || !isKnown else { return false }
        let before = Set(told.map(\.digest))
        let now = Set(coming.map(\.digest))
        defer { (told, isKnown) = (coming, true) }
        wanted = wanted.filter { now.contains($0.key) }
        held = held.filter { now.contains($0.key) }
        return !isKnown || !before.isSubset(of: now)
    }

    func contains(_ digest: Digest) -> Bool { told.contains { $0.digest == digest } }

    /// - Parameter decide: asked until it has an answer.
    mutating func isWanted(_ coming: Coming, _ decide: () throws -> Bool?) rethrows -> Bool {
        if let known = wanted[coming.digest] { return known }
        let answer = try decide()
        wanted[coming.digest] = answer
        return answer ?? false
    }

    mutating func hold(_ digest: Digest, at now: Int64) { held[digest] = now + ComingNotes.pause }
    func isHeld(_ digest: Digest, at now: Int64) -> Bool { held[digest].map { $0 > now } ?? false }
    /// It is not fetched early.
    mutating func giveUp(_ digest: Digest) { wanted[digest] = false }
}
