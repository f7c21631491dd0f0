internal import Engine
internal import SyncCore
internal import Transport

// What is like something that the hub has travels as a recipe: ranges of that, and new bytes.
extension UpPass {
    /// For the contents of a commit that can be put together from what the hub has.
    func recipes(for commit: Commit, _ hub: any HubConnection) throws -> [Digest: Recipe] {
        let maker = RecipeMaker(worker: worker, hub: hub)
        var found: [Digest: Recipe] = [:]
        for item in commit.items where !item.isKnown && !item.mustTravel {
            guard let file = item.file, found[file.digest] == nil,
                let recipe = try maker.recipe(for: file, of: item.inflight.entry)
            else { continue }
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
