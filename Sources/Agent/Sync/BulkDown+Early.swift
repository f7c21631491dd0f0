internal import Engine
internal import FileTree
internal import Processes
internal import SyncCore
internal import Transport

// First bytes early: what another client is still sending is fetched while nothing else is to be done, as far as it has come. It is
// a part like any other, which the fetch goes on with when the hub tells of a node that has these bytes, and which is verified then.
extension BulkDown {
    /// In bytes: so much is worth more than one connection.
    private static let farBehind: Int64 = 128 << 20

    /// A content that others are sending and that is wanted here; one of which more has come, if there is one.
    func nextComing() throws -> Coming? {
        // What an earlier connection told says nothing about now.
        guard coming() != nil else { return nil }
        let now = Clock.milliseconds
        let wanted = try notes.told.filter { coming in
            guard coming.size >= least, coming.file != nil, !notes.isHeld(coming.digest, at: now) else { return false }
            return try notes.isWanted(coming) { try isOfUse(coming) }
        }
        return wanted.first { $0.range(after: begun[$0.digest]?.size ?? 0) != nil } ?? wanted.first
    }

    /// Whether it would be fetched if a commit named it now; nil while that cannot be told.
    private func isOfUse(_ coming: Coming) throws -> Bool? {
        let mayCome = try worker.perform { try $0.mayReceive(coming.path, in: coming.directory) }
        guard let mayCome else { return nil }
        guard mayCome, let name = coming.path.last else { return false }
        let file = FileContent(digest: coming.digest, size: coming.size, mode: Mode(0o600), mtime: 0)
        let like = Fetch(node: coming.directory, file: file, path: RelativePath([name]))
        return try LocalContents(worker).sources(of: [like])[coming.digest] == nil
    }

    /// Fetches what can be fetched of it now.
    /// - Returns: true if another round has something to do, before the rest of it or with it.
    func fetchEarly(_ coming: Coming, _ hub: any HubConnection) throws -> Bool {
        let area = worker.tree.area
        do {
            let there = try begun[coming.digest].flatMap { $0.area === area ? $0 : nil } ?? earlyPart(of: coming, area)
            let have = there?.size ?? 0
            guard coming.fits(after: have, room: room(area)) else {
                notes.hold(coming.digest, at: Clock.milliseconds)
                return false
            }
            guard let range = coming.range(after: have) else { return false }
            let file = try there ?? area.newFile(named: DiskTree.partName(of: coming.digest))
            file.keep()
            begun[coming.digest] = file
            let mustGoOn = try fetch(range, of: coming, file, hub)
            // The disk has it before anybody waits for that.
            if file.size == coming.size { try file.sync() }
            log.debug("early", ["sha256": coming.digest, "bytes": file.size - range.lowerBound, "there": file.size])
            return mustGoOn
        } catch let error as FileTreeError {
            if error.reason == .cancelled { throw HubError.cancelled }
            begun[coming.digest] = nil
            try? area.remove(DiskTree.partName(of: coming.digest))
            notes.giveUp(coming.digest)
            log.debug("early-failed", ["sha256": coming.digest, "reason": "\(error)"])
        } catch let error as HubError {
            if case .cancelled = error { throw error }
            if error.endsConnection { throw error }
            // All of it may have come meanwhile: then its node is told of soon.
            notes.hold(coming.digest, at: Clock.milliseconds)
            log.debug("early-failed", ["sha256": coming.digest, "reason": "\(error)"])
        }
        return false
    }

    /// What has no commit takes no room from what has.
    func dropEarly() {
        for coming in notes.told where (try? worker.perform({ try $0.isToCome(coming.digest) })) == false {
            begun[coming.digest] = nil
            try? worker.tree.area.remove(DiskTree.partName(of: coming.digest))
            notes.giveUp(coming.digest)
        }
    }

    /// What has come of it; nil for nothing.
    private func earlyPart(of coming: Coming, _ area: PrivateArea) throws -> StagedFile? {
        guard let file = try area.resumeFile(named: DiskTree.partName(of: coming.digest)) else { return nil }
        file.keep()
        try file.cutAtFirstHole()
        if file.size > coming.size { try file.resize(to: 0) }
        return file
    }

    /// Goes on as long as more of it comes.
    /// - Returns: whether something else is to be done, or the same in another way; nothing is lost then.
    private func fetch(
        _ range: Range<Int64>, of coming: Coming, _ file: StagedFile, _ hub: any HubConnection
    ) throws -> Bool {
        guard let name = coming.file else { return false }
        var low = range.lowerBound
        var end = range.upperBound
        let writer = file.writer
        let crew = RangeCrew(
            Coming.pieces(of: range), cancel: { hub.cancelBulk(up: false, lane: $0) }
        ) { lane, next, moved in
            let isWhole = try hub.download(coming: name, lane, next: next) { block, position in
                try writer.write(block, at: position)
                if !moved(block.count) { throw HubError.cancelled }
            }
            if !isWhole { throw HubError.transferFailed("it became shorter") }
        }
        var looked = Clock.milliseconds
        var mustGoOn = false
        // Who is nearly level with the sender gets short stretches, which need no second connection, and tell nothing about one.
        var rule = ConnectionRule(most: 1)
        let isBehind = end - low >= BulkDown.farBehind
        defer { if isBehind { earlyRule = rule } }
        if isBehind { rule = earlyRule }
        do {
            _ = try crew.run(&rule) { reached, _ in
                if isStopping() || connection() == nil { throw HubError.cancelled }
                low = max(reached ?? end, low)
                try file.hash(upTo: low, cancelled: isStopping)
                // More of it has come: nobody has to begin again for that.
                if let more = self.coming()?.first(where: { $0.digest == coming.digest })?.range(after: end),
                    coming.fits(after: low, room: room(file.area))
                {
                    crew.add(Coming.pieces(of: more))
                    end = more.upperBound
                }
                guard Clock.milliseconds - looked > looksEvery else { return true }
                looked = Clock.milliseconds
                // It falls behind: the next round takes what it takes.
                mustGoOn = try next() != nil || !isBehind && end - low >= BulkDown.farBehind
                return !mustGoOn
            }
            try file.resize(to: low)
        } catch {
            try? file.resize(to: low)
            throw error
        }
        return mustGoOn
    }
}

extension Coming {
    /// In bytes: what is cut off when something else is to be done is at most this for each connection.
    private static let piece: Int64 = 8 << 20

    fileprivate static func pieces(of range: Range<Int64>) -> [Range<Int64>] {
        Ranges.pieces(of: [range], data: [range], most: piece)
    }
}
