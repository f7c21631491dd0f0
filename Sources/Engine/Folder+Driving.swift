package import Index
package import SyncCore

/// A file that was found new or changed by listing, not by an event.
package struct FreshFile: Hashable, Sendable {
    /// The directory that it is in.
    package var directory: EntryID
    /// Its name there.
    package var name: Name
    /// Its own.
    package var entry: EntryID
    /// Its ctime, Unix nanoseconds.
    package var changed: Nanoseconds
}

/// What a driver asks beside the three ways.
extension Folder {
    /// Files that were found by listing since the last call: the driver lets those settle that changed just now.
    package func takeFresh() -> [FreshFile] {
        defer { fresh = [] }
        return fresh
    }

    /// Whether anything that changed here is still to be told to the hub, apart from what cannot be read, and
    /// from what travels ahead of it (see ``firstTravelling(where:)``).
    package func hasSomethingToSend() throws -> Bool {
        var node = NodeID(0)
        var entry = EntryID(0)
        for _ in 0..<10 {
            let page = try index.speaking(limit: 500, afterNode: node, afterEntry: entry)
            if page.isEmpty { return try hasSomethingToRead() }
            for key in page {
                switch key {
                case .node(let id): node = max(node, id)
                case .entry(let id): entry = max(entry, id)
                }
                guard let subject = try index.subject(of: key) else { continue }
                switch subject.verdict {
                case .send(let sending):
                    // What is large is told of as waiting; who waits for something else does not wait for it.
                    if try !waitsForDecision(sending, key) && !isTravelling(sending) { return true }
                case .hash(let id): if try !index.hasTrouble(id) { return true }
                case .settled, .forget, .adopt, .receive:
                    if subject.local != nil, subject.synced != nil, try !index.held(of: key).isEmpty { return true }
                case .settling, .barred, .ignored, .unruled, .release, .discard: continue
                }
            }
        }
        return true
    }

    /// Apart from what cannot be read.
    private func hasSomethingToRead() throws -> Bool {
        var after = EntryID(0)
        while true {
            let page = try index.unhashed(limit: 500, after: after)
            guard let last = page.last else { return false }
            if try page.contains(where: { try !index.hasTrouble($0.entry) && mayBeRead($0) }) { return true }
            after = last.entry
        }
    }

    /// Not where it may be ignored, or may lie by now.
    private func mayBeRead(_ row: LocalRow) throws -> Bool {
        try unread.isEmpty || !isUnruled(row.parent) && index.path(of: row.entry) != nil
    }

    /// Whether the hub holds it, or the directory that it goes into.
    private func waitsForDecision(_ sending: Verdict.Sending, _ key: SubjectKey) throws -> Bool {
        if try index.isHeld(sending, of: key) { return true }
        switch sending {
        case .create(let local, _), .change(_, let local, _, nil, true):
            return try index.isInHeldDirectory(local.parent)
        case .change, .delete: return false
        }
    }

    /// Whether something could not be done that may be possible later.
    package func hasTroubles() throws -> Bool {
        try !receivingTroubles.isEmpty || !unread.isEmpty || index.hasTroubles
    }

    /// Directories that could not be listed are tried again, and what could not be examined. Of what is elsewhere or gone by
    /// now there is nothing more to say. Of many some are tried at each call, so that each has its turn.
    /// - Parameter limit: how many at most.
    package func retryTroubles(limit: Int = 1_000) throws {
        try retryRules()
        let troubles = try index.waitingTroubles(limit: limit, after: retried)
        retried = troubles.count < limit ? nil : troubles.last?.path
        for trouble in troubles {
            guard let entry = trouble.entry else {
                try retry(trouble)
                continue
            }
            let row = try index.local(entry)
            if row?.kind == .directory { look(into: entry, deep: true) }
            if try row == nil || index.path(of: entry) != trouble.path { try index.endTrouble(at: trouble.path) }
            if trouble.directory != nil { try retry(trouble) }
        }
        receivingTroubles = try receivingTroubles.filter { node, _ in
            if case .receive = try index.subject(of: .node(node))?.verdict { true } else { false }
        }
    }

    /// A name that could not be looked at: if it still is as it was, looking at it says so again.
    private func retry(_ trouble: Trouble) throws {
        try index.endTrouble(at: trouble.path)
        guard let name = trouble.path.last else { return }
        if let directory = trouble.directory, try index.path(of: directory) != nil {
            try look(at: [(directory, name)])
        } else if let parent = try index.entry(at: trouble.path.parent) {
            try look(at: [(parent, name)])
        }
    }
}

extension Folder {
    /// The bytes of an entry could not be had as they were hashed: it is looked at, and read, again.
    package func putOff(_ entry: EntryID, _ problem: DiskProblem) throws {
        try index.transaction {
            guard var row = try index.local(entry), let path = try index.path(of: entry) else { return }
            try trouble(path, entry, problem.description)
            row.digest = nil
            try index.update(row)
            look(into: row.parent, deep: false)
        }
    }

    /// Something is wrong with the folder itself.
    package func note(_ problem: DiskProblem, at path: RelativePath) throws {
        try trouble(path, nil, problem.description)
    }
}

extension Folder {
    /// Another journal than the one that was agreed with: everything is merged with it as if new, and nothing is
    /// deleted.
    /// - Parameters:
    ///   - collected: what that journal has collected already: see `Journal.collected`.
    ///   - head: its `seq`: nothing is sent before everything up to there was received.
    ///   - cause: what people are told; nil where nothing was agreed before.
    package func begin(
        epoch: String, collected: Sequence = .zero, head: Sequence = .zero, because cause: MergeCause? = nil
    ) throws {
        forgetTransfers()
        try index.begin(epoch: epoch, collected: collected, head: head, because: cause)
    }

    /// Ends a merge of which nothing is left: all that the hub had was heard of, everything here was looked at, and what still
    /// waits has a cause of its own.
    /// - Parameter pending: see ``pending(limit:)``.
    /// - Returns: what had been its cause; nil if none ended.
    package func endMerging(_ pending: [Pending]) throws -> MergeCause? {
        guard let cause = try index.mergeCause, hasLooked, try index.hasHeard, try !index.isInflight,
            pending.allSatisfy({ $0.isSkipped || $0.isStuck })
        else { return nil }
        try index.setMergeCause(nil)
        return cause
    }

    /// The index was set back: it becomes another one, and merges as if new when it begins with the hub.
    /// - Parameter generation: random, hex.
    package func renew(generation: String) throws {
        forgetTransfers()
        try index.renew(generation: generation)
    }

    private func forgetTransfers() {
        for content in staged.values { tree.discard(content) }
        staged = [:]
        mustSend = []
    }
}
