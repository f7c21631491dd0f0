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
    /// How much of them is there, in bytes.
    package var arrived: [EntryID: Int64] = [:]
    /// Those that are there, whole, and that no commit has named.
    var landed: [EntryID: Digest] = [:]
    /// Those that a plan has left out, with what they were then.
    var waiting: [EntryID: Digest] = [:]

    func isReady(_ digest: Digest) -> Bool { whole.contains(digest) }
}

extension Folder {
    /// What is to be sent ahead of the next commits, in no order. Found by ``nextCommit(operations:bytes:)``.
    package func travelling() throws -> [Travelling] {
        var found: [Travelling] = []
        for (entry, digest) in ahead.waiting {
            guard let row = try index.local(entry), !row.isVanished, let file = row.content?.file,
                file.digest == digest,
                file.size >= ahead.from, !ahead.isReady(digest), let path = try index.path(of: entry)
            else {
                forgetTravelling(entry)
                continue
            }
            found.append(
                Travelling(
                    entry: entry, path: path, file: file, stamp: row.stamp, mustTravel: mustSend.contains(digest)))
        }
        return found
    }

    /// Whether nothing here has to be read, settles, or is to be sent.
    package func hasNothingUnsettled() throws -> Bool {
        try index.settling.isEmpty && index.heldBack.isEmpty && index.speaking(limit: 1).isEmpty
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
        ahead.arrived[file.entry] = file.file.size
    }

    private func forgetTravelling(_ file: Travelling) {
        for (entry, digest) in ahead.waiting where digest == file.file.digest { forgetTravelling(entry) }
    }

    /// A commit has named these, and was answered: it has used them up, or they were not there.
    package func usedUp(_ digests: Set<Digest>) {
        ahead.whole.subtract(digests)
        for (entry, digest) in ahead.landed where digests.contains(digest) { forgetTravelling(entry) }
    }

    private func forgetTravelling(_ entry: EntryID) {
        ahead.waiting[entry] = nil
        ahead.notes[entry] = nil
        ahead.arrived[entry] = nil
        ahead.landed[entry] = nil
    }

    /// Whether its bytes have to be at the hub first, and are not.
    func isTravelling(_ sending: Verdict.Sending) throws -> Bool {
        // What the hub has in another file need not travel; it takes its time to be copied there.
        guard let (entry, file) = sending.file, file.size >= ahead.from, !ahead.isReady(file.digest) else {
            return false
        }
        ahead.waiting[entry] = file.digest
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
