package import ControlAPI
package import SyncCore

/// The hub as an agent sees it, from one login until it breaks. Any thread may call; each call blocks. After a failure that
/// ``HubError/endsConnection`` the connection is of no use any more, and another one is made.
package protocol HubConnection: AnyObject, Sendable {
    /// What the hub said at the beginning.
    var hello: HelloResponse { get }
    /// Where this client's root lies below the share, as the hub said last: escaped; nil for the share itself.
    var root: String? { get }

    /// Held open by the hub for at most `wait` seconds.
    /// - Parameter collected: what the hub had collected before this client began: see ``ChangesResponse``.
    /// - Parameter limits: as this client knows them.
    /// - Parameter complete: up to where this client once had everything that there was.
    /// - Parameter filesBehind: whether small new files may come behind the answer, where no limit counts them.
    /// - Returns: also what came behind the answer.
    func changes(
        since: Sequence, complete: Sequence, collected: Sequence, late: Int64, wanted: Int64, wait: Int,
        barrier: Int64, paused: Bool, limits: LimitsMessage?, filesBehind: Bool
    ) throws(HubError) -> (ChangesResponse, BytesBehind?)
    /// - Parameter after: the id that the page is to begin after.
    func snapshot(after: NodeID) throws(HubError) -> SnapshotResponse
    /// - Parameters:
    ///   - request: a ``CommitRequest`` as JSON, the same bytes whenever it is repeated.
    ///   - behind: what it says to come behind it; nothing when it is repeated later.
    func commit(_ request: [UInt8], behind: [UInt8]) throws(HubError) -> CommitResponse
    /// How many bytes of contents may come behind a commit now: 0 where a limit counts what is sent.
    var mostBehind: Int64 { get }
    func report(_ report: ReportRequest) throws(HubError)
    /// Gives the hub a content that it wanted, and that was uploaded.
    func offer(_ offer: OfferRequest) throws(HubError)
    /// Those of some contents that the hub has, live or in `versions/`.
    /// - Parameter contents: at most ``HoldsMessage/limit``.
    func holds(_ contents: [ContentKey]) throws(HubError) -> [ContentKey]
    /// Passes a request of `syncctl` on, with this agent's rights.
    func forward(_ method: String, _ path: String, _ body: [UInt8]) throws(HubError) -> (status: Int, body: [UInt8])

    /// Writes a new file in this client's staging directory: bytes from each source in order, without gaps.
    /// - Throws: ``HubError/noRoom(_:)`` before anything is written if the disk has no room for it; after any failure a
    ///   part of it may be left.
    func upload(_ name: String, _ parts: [UploadPart], _ lane: Lane, goOn: () -> Bool) throws(HubError)
    /// Removes what lies in this client's staging directory, apart from what the hub has laid out: of use while nothing of it
    /// is being uploaded or committed.
    /// - Parameter removes: asked with each name.
    /// - Returns: how many files were removed.
    func clearStaging(_ lane: Lane, _ removes: (String) -> Bool) throws(HubError) -> Int

    // Large contents, each in a file of its own that is gone on with after a break.

    /// What the hub has of files in this client's staging directory.
    func staged(_ request: StagedRequest) throws(HubError) -> StagedResponse
    /// Has a content made ready before a commit names it; waits for as long as the request says, or says what is not wanted any more.
    /// - Returns: whether it is ready.
    func makeReady(_ request: PrepareRequest) throws(HubError) -> Bool
    /// - Throws: ``HubError/noRoom(_:)`` unless the hub's disk has room for so many bytes.
    func checkRoom(for bytes: Int64, _ lane: Lane) throws(HubError)
    /// Makes a file in this client's staging directory that is empty, whatever there was.
    func beginStaging(_ name: String, _ lane: Lane) throws(HubError)
    /// Writes ranges of a local file to the same places of a file in this client's staging directory, which is made if it
    /// is not there.
    /// - Parameters:
    ///   - next: asked for the next range when the one before it has arrived, for the first one when the file is open; nil for
    ///     no more.
    ///   - progress: called with bytes that have arrived; false stops with ``HubError/cancelled``.
    func stage(
        _ name: String, from descriptor: Int32, _ lane: Lane, next: () -> Range<Int64>?, progress: (Int) -> Bool
    ) throws(HubError)
    /// Reads a file of the share. The sink may throw to stop.
    /// - Returns: the bytes received.
    func download(_ file: SharedFile, sink: (UnsafeRawBufferPointer) throws -> Void) throws -> Int64

    /// Reads many small files of the share at once. The sink is called with the bytes of each, and may throw to stop; what
    /// was changed or moved at the hub is left out. Their sizes together are what is held in memory.
    func download(_ files: [SharedFile], sink: (SharedFile, UnsafeRawBufferPointer) throws -> Void) throws

    /// How a file of the share can be had from what is here.
    /// - Parameter have: contents that may be like it, at most ``RecipeRequest/most``; none to hear only of recipes that the hub
    ///   remembers.
    func recipe(_ file: SharedFile, have: [Digest]) throws(HubError) -> RecipeResponse
    /// Reads ranges of a file of the share, one after the other. The sink may throw to stop; not all of a range need come at once.
    /// - Throws: also if a range is not there.
    func download(
        _ file: SharedFile, ranges: [Range<Int64>], _ lane: Lane, sink: (UnsafeRawBufferPointer) throws -> Void
    ) throws
    /// Reads ranges of a file of the share over a connection of its own. The sink gets each block, and where it lies; it may
    /// throw to stop.
    /// - Parameter next: asked for the next range when the one before it has come, for the first one when the file is open; nil
    ///   for no more.
    /// - Returns: false if the file ended before a range did; then no more was asked for.
    func download(
        _ file: SharedFile, _ lane: Int, next: () -> Range<Int64>?,
        sink: (UnsafeRawBufferPointer, Int64) throws -> Void
    ) throws -> Bool
    /// Reads ranges of a file that another client is still sending, as ``ChangesResponse/coming`` names it.
    /// - Parameters: as above.
    /// - Returns: as above.
    func download(
        coming file: String, _ lane: Int, next: () -> Range<Int64>?,
        sink: (UnsafeRawBufferPointer, Int64) throws -> Void
    ) throws -> Bool
    /// Gives back the connections for large contents, while none is under way: each is a process at the hub.
    func closeBulk(up: Bool)
    /// Makes one of them give up, also while it logs in; the next transfer over it logs in again.
    func cancelBulk(up: Bool, lane: Int)
    /// Where a file of the share has data; what lies between is holes.
    func extents(_ file: SharedFile) throws(HubError) -> [Range<Int64>]

    /// Logs in for uploads, or for downloads, so that the first transfer need not wait for it.
    func prepare(uploads: Bool) throws(HubError)
    /// Makes transfers in progress fail; requests go on.
    func cancelTransfers()
    /// Ends everything; calls in progress fail.
    func close()
}

/// Which connection carries bytes: what is small never waits for what is large.
package enum Lane: Hashable, Sendable {
    /// For what commits need.
    case quick
    /// For large contents; several, from 0, each for one thread.
    case bulk(Int)
}

/// A file of the share that is to be read.
package struct SharedFile: Sendable {
    /// Its node.
    package var node: NodeID
    /// Where it lies in the share.
    package var path: RelativePath
    /// What its bytes are to be.
    package var digest: Digest
    /// In bytes.
    package var size: Int64

    package init(node: NodeID, path: RelativePath, digest: Digest, size: Int64) {
        self.node = node
        self.path = path
        self.digest = digest
        self.size = size
    }
}

/// Bytes to be sent: of a local descriptor from an offset, or of memory.
package enum UploadPart: Sendable {
    case file(descriptor: Int32, length: Int64)
    /// A short one of many, which is sent together with its neighbours.
    case range(descriptor: Int32, Range<Int64>)
    case bytes([UInt8])
}

/// Why the hub did not do something.
package enum HubError: Error, Sendable, CustomStringConvertible {
    /// Not to be reached, or the connection broke.
    case away(String)
    /// The host key is not the one that was pinned; nothing was sent.
    case hostKeyChanged(String)
    /// The hub's sshd does not take our key: we were revoked, or it cannot look keys up at the moment, which it does not tell apart.
    case refusedKey(String)
    /// Our own files cannot be used, and a person has to see to them: trying again does not help.
    case unusable(String)
    /// Who listens at the hub's port has not shown that it is the hub, and so was sent nothing: what was met. Nothing that it says counts.
    case unproven(String)
    /// The hub's own answer: of who has shown that it is the hub.
    case refused(ErrorMessage)
    /// There is no such file in the share (any more).
    case notFound(String)
    /// The other side would not read or write this one file, or this side could not.
    case transferFailed(String)
    /// The hub's disk is full.
    case noRoom(String)
    case cancelled

    /// Whether another connection has to be made before anything can be asked again.
    package var endsConnection: Bool {
        switch self {
        case .away, .hostKeyChanged, .refusedKey, .unusable, .unproven: true
        case .refused, .notFound, .transferFailed, .noRoom, .cancelled: false
        }
    }

    /// Whether the hub's sshd did not take our key.
    package var isRefusedKey: Bool { if case .refusedKey = self { true } else { false } }

    /// In `unsynced` and in the log.
    package static let diskIsFull = "the hub's disk is full"

    /// What the hub itself said, if it was reached.
    package var answer: ErrorMessage? {
        if case .refused(let message) = self { message } else { nil }
    }

    package var description: String {
        switch self {
        case .away(let reason), .hostKeyChanged(let reason), .refusedKey(let reason), .unusable(let reason),
            .unproven(let reason), .notFound(let reason), .transferFailed(let reason), .noRoom(let reason):
            reason
        case .refused(let error): error.message
        case .cancelled: "stopped"
        }
    }
}
