internal import FileTree
internal import Journal
import SyncCore

extension ShareWatcher {
    /// A quiet file: its bytes are read away from the queue.
    func hash(_ spot: Spot, _ path: RelativePath, _ status: FileStatus, _ mark: Int64? = nil) {
        guard inHash.insert(spot).inserted else { return note(spot, mark: mark) }
        begin(.name(spot), mark)
        let wasQuiet = quietOnce[spot] == status.fingerprint
        toHash.append(ShareHashRequest(spot: spot, path: path, size: status.size, wasQuiet: wasQuiet))
    }

    /// Gives the workers what waits, in batches: one sync and one commit for each.
    func startHashing() { while let batch = toHash.next() { start(batch) } }

    private func start(_ batch: [ShareHashRequest]) {
        hashedFiles += batch.count
        nonisolated(unsafe) let share = self  // SAFETY: used on the queue only.
        let (hasher, queue) = (hasher, queue)
        workers.run {
            let results = hasher.look(at: batch)
            queue.async {
                share.toHash.end(batch)
                share.betweenTurns { try share.absorb(batch, results) }
            }
        }
    }

    func absorb(_ batch: [ShareHashRequest], _ results: [ShareHashResult]) throws {
        var deeds: [ShareDeed] = []
        var copies: [Digest: PrivateItem] = [:]
        // What has become current by then.
        defer { placer.keepCopies(copies, areDurable: true) }
        uploads.look()
        // All of them, also those that an error keeps from being looked at: they come again.
        for (request, result) in zip(batch, results) {
            inHash.remove(request.spot)
            if case .hashed(let file, let copy?) = result {
                try? copies.updateValue(copy, forKey: file.digest)?.remove()
            }
        }
        do {
            for (request, result) in zip(batch, results) {
                do { try absorb(request.spot, result, &deeds) } catch let error as FileTreeError {
                    hubLog.warning("share_unreadable", ["path": request.path, "reason": "\(error)"])
                    note(request.spot)
                }
            }
            try commit(deeds)
        } catch {
            // Also what is gone by then, which no list shows. After a while: nobody reads all of it again and again for an error that stays.
            for request in batch { postpone(request.spot, because: "\(error)") }
            throw error
        }
    }

    private func absorb(_ spot: Spot, _ result: ShareHashResult, _ deeds: inout [ShareDeed]) throws {
        switch result {
        case .busy:
            // Something has happened to it since, such as the close.
            if !settling.contains(spot) { postpone(spot, because: "a program is writing it") }
        case .unsure(let fingerprint):
            quietOnce[spot] = fingerprint
            note(spot)
        case .failed(let error) where error.meansAbsence || error.reason == .changedWhileRead: note(spot)
        case .failed(let error) where error.reason == .denied:
            // A change of its mode is an event. Until then there is nothing to be tried.
            if problems[spot] == nil { hubLog.warning("share_unreadable", ["reason": "\(error)"]) }
            finish(spot)
            problems[spot] = "\(error)"
        case .failed(let error): postpone(spot, because: "\(error)")
        case .hashed(let file, _): try take(file, at: spot, &deeds)
        }
    }

    /// The bytes are known: they count if they still are what lies there.
    private func take(_ file: HashedFile, at spot: Spot, _ deeds: inout [ShareDeed]) throws {
        guard let path = try path(of: spot) else { return finish(spot) }
        guard let status = try share.status(of: path), status.fingerprint == file.fingerprint,
            !placer.isWaiting(at: path)
        else { return note(spot) }
        let content = Content.file(file.content)
        let known = try journal.child(of: spot.directory, named: spot.name)
        if try isIgnored(spot, known, status) { return try passOver(spot, known, status) }
        // Begun while it was read.
        if try waits(spot, path, known, status) { return }
        guard let node = known else {
            // Its old name may have gone since.
            guard let node = try origin(of: status, into: spot) else {
                return deeds.append(.create(spot, content, status))
            }
            let mark = unfinished[.name(spot)]
            try move(node, to: spot, status)
            return note(spot, mark: mark)
        }
        guard node.content.kind == .file else { return note(spot) }
        if uploads.isUnseen(path), !content.hasSameBytes(as: node.content), try canComeBack(node, path) {
            try bringBack(node)
            return note(spot)
        }
        if content != node.content.bare { return deeds.append(.edit(node, spot, content, status)) }
        placer.placed[node.id] = Placed(status)
        uploads.confirm(path)
        try noteReverted(node.id)
        hasProgress = true
        written.remove(spot)
        finish(spot)
    }
}
