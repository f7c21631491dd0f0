internal import ControlAPI
internal import Engine
internal import SyncCore
internal import Transport

// What the hub has in `versions/` is not known here: it is asked, before anything is sent.
extension UpPass {
    /// - Returns: the commit with everything marked as known that the hub says it has. When it is wrong about one, the outcome
    ///   says so, and that one travels.
    func leavingOut(whatIsThere commit: Commit, _ hub: any HubConnection) throws -> Commit {
        var seen: Set<Digest> = []
        let contents = commit.items.compactMap { item -> FileContent? in
            guard let file = item.file, file.size > 0, !item.isKnown, !item.mustTravel,
                seen.insert(file.digest).inserted
            else { return nil }
            return file
        }
        guard let soundings = Soundings(contents) else { return commit }
        var there: Set<Digest>
        do throws(HubError) {
            there = try whatIsThere(soundings.first, hub)
            if soundings.goesOn(there) { there.formUnion(try whatIsThere(soundings.rest, hub)) }
        } catch {
            // A hub that does not answer this gets the bytes.
            if error.answer != nil { return commit }
            throw error
        }
        if there.isEmpty { return commit }
        var commit = commit
        for index in commit.items.indices {
            if let file = commit.items[index].file, there.contains(file.digest) { commit.items[index].isKnown = true }
        }
        log.debug("known-at-hub", ["contents": there.count])
        return commit
    }
}
