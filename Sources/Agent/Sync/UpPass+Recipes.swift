internal import Engine
internal import SyncCore
internal import Transport

// What is like something that the hub has travels as a recipe: ranges of that, and new bytes.
extension UpPass {
    /// In one commit: some 30 bytes of its request each, of which the hub takes 8 MiB.
    private static let mostRanges = 50_000

    /// For the contents of a commit that can be put together from what the hub has.
    /// - Parameter ready: lies at the hub already.
    func recipes(for commit: Commit, except ready: Set<Digest>, _ hub: any HubConnection) throws -> [Digest: Recipe] {
        let maker = RecipeMaker(worker: worker, hub: hub)
        var found: [Digest: Recipe] = [:]
        var ranges = 0
        for item in commit.items where !item.isKnown && !item.mustTravel {
            guard let file = item.file, found[file.digest] == nil, !ready.contains(file.digest),
                let recipe = try maker.recipe(for: file, of: item.inflight.entry)
            else { continue }
            ranges += recipe.pieces.count
            if ranges > UpPass.mostRanges { break }
            found[file.digest] = recipe
            log.debug(
                "recipe",
                [
                    "path": item.path?.description ?? "", "bytes": recipe.size, "new": recipe.newBytes,
                    "ranges": recipe.pieces.count,
                ])
        }
        return found
    }
}
