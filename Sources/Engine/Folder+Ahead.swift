package import Index
package import SyncCore

/// A large content that has to be at the hub before a commit names it.
package struct Travelling: Hashable, Sendable {
    /// Whose content it is.
    package var entry: EntryID
    /// Where the file is.
    package var path: RelativePath
    /// As it was hashed.
    package var file: FileContent
    /// How the file looked when it was hashed.
    package var stamp: Stamp
    /// The hub was thought to have it once, and did not.
    package var mustTravel: Bool

    package init(entry: EntryID, path: RelativePath, file: FileContent, stamp: Stamp, mustTravel: Bool = false) {
        (self.entry, self.path, self.file, self.stamp) = (entry, path, file, stamp)
        self.mustTravel = mustTravel
    }
}

/// Large contents, which travel ahead of the commits that name them, so that these stay short. Not stored: after a restart
/// the hub is asked again what lies there.
package struct Ahead: Sendable {
    /// Contents of so many bytes and more travel ahead.
    package var from = Int64.max
    /// These lie at the hub, whole: a commit may name them.
    package var whole: Set<Digest> = []
    /// What becomes of those that are being sent, in words for a person.
    package var notes: [EntryID: String] = [:]
    /// What becomes of those that come, in words for a person.
    package var coming: [NodeID: String] = [:]
    /// How much of them has come, in bytes.
    package var came: [NodeID: Int64] = [:]
    /// How much of them need not come, in bytes: it is here, or holes.
    package var here: [NodeID: Int64] = [:]
    /// How much of them has moved there, in bytes.
    package var arrived: [EntryID: Int64] = [:]
    /// How much of them need not move, in bytes: it is there, or holes.
    package var there: [EntryID: Int64] = [:]
    /// How much of them has moved before they were cut, and is here, or there, therefore.
    var (cameBefore, sentBefore): ([NodeID: Int64], [EntryID: Int64]) = ([:], [:])
    /// Those that are there, whole, and that no commit has named.
    var landed: [EntryID: Digest] = [:]
    /// Those that a plan has left out, with what they were then.
    var waiting: [EntryID: FileContent] = [:]
    /// The subjects of those that the next plans pass over.
    var passed: [EntryID: SubjectKey] = [:]
    /// The next plan looks at these again.
    var due: Set<SubjectKey> = []
    /// Whether what was passed over before this began is looked at again.
    var hasBegun = false
    /// How often something turned out not to travel any more.
    package internal(set) var dropped = 0

    func isReady(_ digest: Digest) -> Bool { whole.contains(digest) }
}

extension Folder {
    /// The first of what is to be sent ahead of the next commits, as ``nextCommit(operations:bytes:)`` has found it.
    /// - Parameter fits: whether it may be this one.
    package func firstTravelling(where fits: (EntryID, FileContent) -> Bool) throws -> Travelling? {
        while true {
            var best: (entry: EntryID, file: FileContent)?
            for (entry, file) in ahead.waiting where fits(entry, file) {
                if let best, !LargeOrder.precedes(file, entry.rawValue, best.file, best.entry.rawValue) { continue }
                best = (entry, file)
            }
            guard let best else { return nil }
            if let found = try travelling(best.entry) { return found }
        }
    }

    /// Whether any file here still waits until these bytes are at the hub.
    package func isTravelling(_ digest: Digest) throws -> Bool {
        for (entry, file) in ahead.waiting where file.digest == digest {
            if try travelling(entry) != nil { return true }
        }
        return false
    }

    /// The contents of all files that wait until their bytes are at the hub, when that was last looked at.
    package var travellingContents: Set<Digest> { Set(ahead.waiting.values.map(\.digest)) }

    /// Whether an entry was waiting with these bytes, when that was last looked at.
    package func wasTravelling(_ entry: EntryID, _ digest: Digest) -> Bool { ahead.waiting[entry]?.digest == digest }

    /// Nil, and forgotten, if it has changed since.
    private func travelling(_ entry: EntryID) throws -> Travelling? {
        guard let waiting = ahead.waiting[entry] else { return nil }
        let digest = waiting.digest
        guard let row = try index.local(entry), !row.isVanished, let file = row.content?.file, file.digest == digest,
            file.size >= ahead.from, !ahead.isReady(digest), try !isPassedOver(in: row.parent),
            let path = try index.path(of: entry)
        else {
            forgetTravelling(entry)
            ahead.dropped += 1
            return nil
        }
        return Travelling(
            entry: entry, path: path, file: file, stamp: row.stamp, mustTravel: mustSend.contains(digest))
    }

    /// What a plan passes over since its bytes are not at the hub.
    func passOver(_ key: SubjectKey, _ sending: Verdict.Sending) throws {
        guard let (entry, _) = sending.file else { return }
        try index.setTravelling(key)
        ahead.passed[entry] = key
    }

    /// Before a plan: what was passed over and need not be any more.
    func lookAgainAtTravelled() throws {
        if !ahead.hasBegun { try index.endTravelling() }
        ahead.hasBegun = true
        for key in ahead.due { try index.endTravelling(key) }
        ahead.due = []
    }

    /// Whether nothing here has to be read, settles, or is to be sent.
    package func hasNothingUnsettled() throws -> Bool {
        try index.settling.isEmpty && index.heldBack.isEmpty && index.speaking(limit: 1).isEmpty
            && !index.isAnythingTravelling()
    }

    /// The same, and nothing is to come.
    package func isAtRest() throws -> Bool {
        try !index.isInflight && index.unsettledNodes(limit: 1, after: NodeID(0)).isEmpty && hasNothingUnsettled()
    }

    /// It lies at the hub, whole.
    package func arrived(_ file: Travelling) {
        ahead.whole.insert(file.file.digest)
        forgetTravelling(file)
        ahead.landed[file.entry] = file.file.digest
        ahead.notes[file.entry] = "its bytes are at the hub, waiting to be told"
        // What has not moved was there.
        ahead.there[file.entry] = max(file.file.size - (ahead.arrived[file.entry] ?? 0), 0)
    }

    private func forgetTravelling(_ file: Travelling) {
        for (entry, waiting) in ahead.waiting where waiting.digest == file.file.digest { forgetTravelling(entry) }
    }

    /// A commit has named these, and was answered: it has used them up, or they were not there.
    package func usedUp(_ digests: Set<Digest>) {
        ahead.whole.subtract(digests)
        for (entry, digest) in ahead.landed where digests.contains(digest) { forgetTravelling(entry) }
    }

    private func forgetTravelling(_ entry: EntryID) {
        ahead.waiting[entry] = nil
        if let key = ahead.passed.removeValue(forKey: entry) { ahead.due.insert(key) }
        ahead.notes[entry] = nil
        (ahead.arrived[entry], ahead.there[entry], ahead.sentBefore[entry]) = (nil, nil, nil)
        ahead.landed[entry] = nil
    }

    /// Whether it was told already that a directory is to become one with another, and it cannot before something in it has been told
    /// that is not ready. To tell it again each time would change nothing.
    private func waitsForContents(_ directory: LocalState) throws -> Bool {
        guard let row = try index.local(directory.entry), let node = row.alias, let other = try index.local(of: node),
            other.entry != row.entry
        else { return false }
        return try index.children(of: row.entry).contains { child in
            switch try index.subject(of: child.node.map(SubjectKey.node) ?? .entry(child.entry))?.verdict {
            case .hash, .settling, .unruled: true
            case .send(let sending): try isTravelling(sending)
            default: false
            }
        }
    }

    /// Whether its bytes have to be at the hub first, and are not.
    func isTravelling(_ sending: Verdict.Sending) throws -> Bool {
        if case .create(let local, let content) = sending, content.isDirectory { return try waitsForContents(local) }
        // What the hub has in another file need not travel; it takes its time to be copied there.
        guard let (entry, file) = sending.file, file.size >= ahead.from, !ahead.isReady(file.digest) else {
            return false
        }
        if ahead.waiting.updateValue(file, forKey: entry) == nil, ahead.notes[entry] == nil {
            ahead.notes[entry] = "waiting to be sent, smaller ones first"
        }
        return true
    }
}

extension Verdict.Sending {
    /// The bytes that the hub must have for it, beside those that the node has there.
    fileprivate var file: (EntryID, FileContent)? {
        switch self {
        case .create(let local, let content): content.file.map { (local.entry, $0) }
        case .change(_, let local, let synced, let edit, _):
            edit.flatMap { synced.content.hasSameBytes(as: $0) ? nil : $0.file }.map { (local.entry, $0) }
        case .delete: nil
        }
    }
}
