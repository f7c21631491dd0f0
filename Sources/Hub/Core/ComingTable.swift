import SyncCore

/// A large content that a client is sending, and that others may fetch meanwhile.
struct Coming: Hashable {
    /// Who sends it.
    let uploader: String
    let digest: Digest
    /// In bytes.
    let size: Int64
    /// All before this place lies in the staged file, as its sender says; whoever believes it has a wrong SHA-256 in the end.
    var through: Int64
    /// A directory at or below which it is to lie.
    var directory: NodeID
    /// Where below that.
    var path: RelativePath
    /// When its sender spoke of it last, by the clock that never goes back.
    var heard: Nanoseconds
    /// All of it has come, and is being looked at, or has been: nobody gets access to it any more.
    var isOver = false
    /// Clients that have access to it.
    var readers: Set<String> = []
}

/// What is being sent at this moment. Not stored: who goes on sending says so again. Pure.
struct ComingTable {
    private(set) var all: [Digest: Coming] = [:]
    /// What a client is to have been told, by its name.
    private var marks: [String: Int64] = [:]
    private var lastMark: Int64 = 0

    /// Of one client.
    static let most = 8
    /// Who says nothing of it for so long does not go on: it may be overtaken, compared or verified for hours.
    static let silence: Nanoseconds = .seconds(86_400)

    /// What has become of a content that its sender speaks of.
    struct Noted: Hashable {
        /// Whether there is anything to be told.
        var isNews = false
        /// These have access to a file that perhaps is another one by now.
        var stale: Set<String> = []
    }

    /// Its sender speaks of it. What another client sends already, and what is too many, is passed over.
    mutating func note(_ coming: Coming) -> Noted {
        guard var known = all[coming.digest] else {
            guard all.values.count(where: { $0.uploader == coming.uploader }) < ComingTable.most else { return Noted() }
            all[coming.digest] = coming
            return Noted(isNews: true)
        }
        guard known.uploader == coming.uploader, known.size == coming.size, !known.isOver else { return Noted() }
        var noted = Noted(isNews: known.through != coming.through)
        // It begins anew.
        if coming.through < known.through { (noted.stale, known.readers) = (known.readers, []) }
        (known.directory, known.path) = (coming.directory, coming.path)
        (known.through, known.heard) = (coming.through, coming.heard)
        all[coming.digest] = known
        return noted
    }

    /// All of it has come: from now on nobody gets access to it who has none.
    /// - Returns: nil if nobody was told of it.
    mutating func finish(_ digest: Digest, of uploader: String, at now: Nanoseconds) -> Coming? {
        guard var coming = all[digest], coming.uploader == uploader else { return nil }
        (coming.through, coming.isOver, coming.heard) = (coming.size, true, now)
        all[digest] = coming
        return coming
    }

    /// It was not what it should be, or could not be looked at: its sender goes on.
    mutating func reopen(_ digest: Digest, of uploader: String) {
        if all[digest]?.uploader == uploader { all[digest]?.isOver = false }
    }

    mutating func add(reader client: String, of digest: Digest) { all[digest]?.readers.insert(client) }
    /// A client has access to nothing any more, or to one content less.
    mutating func remove(reader client: String, of digest: Digest? = nil) {
        for known in digest.map({ [$0] }) ?? Array(all.keys) { all[known]?.readers.remove(client) }
    }
    /// Nobody has access to it.
    mutating func removeReaders(of digest: Digest) { all[digest]?.readers = [] }

    /// Forgets those that are meant.
    /// - Returns: what they were.
    mutating func end(where isMeant: (Coming) -> Bool) -> [Coming] {
        let ended = all.values.filter(isMeant)
        for coming in ended { all[coming.digest] = nil }
        return ended
    }

    /// When the first of them will have been silent for too long.
    var nextEnd: Nanoseconds? { all.values.map { $0.heard + ComingTable.silence }.min() }

    // MARK: - Who was told

    /// There is something new for a client.
    mutating func tell(_ client: String) {
        lastMark += 1
        marks[client] = lastMark
    }

    /// What a client that was told everything knows; 0 if there never was anything.
    func mark(of client: String) -> Int64 { marks[client] ?? 0 }
}
