internal import ControlAPI
internal import Engine
internal import FileTree
internal import Processes
internal import SyncCore
internal import Transport

// What is like something on this machine is put together from that, and from ranges of the file in the share.
extension Loader {
    /// Without anything to compare it with, the hub is asked only about files of which it costs more to bring all, in bytes.
    private static let worthAsking: Int64 = 8 << 20

    /// - Returns: nil if the file has to be fetched whole, for whatever reason.
    func rebuild(_ fetch: Fetch, sync: Bool) throws -> StagedContent? {
        guard fetch.file.size >= ChunkList.leastSize else { return nil }
        let own = try here.base(of: fetch)
        if own == nil, fetch.file.size < Loader.worthAsking { return nil }
        do {
            let answer = try hub.recipe(SharedFile(fetch), have: own.map { [$0.digest] } ?? [])
            guard let plan = try here.plan(for: fetch, answer, own, cancelled: { !goesOn() }) else { return nil }
            return try build(plan, fetch, sync: sync)
        } catch let error as HubError {
            if error.endsConnection { throw error }
            if case .cancelled = error { throw error }
        } catch let error as FileTreeError {
            // The whole would not have room either; that is told.
            if [.noSpace, .readOnly].contains(error.reason) { throw error }
            Loader.log.debug("recipe-failed", ["path": fetch.path.description, "reason": "\(error)"])
        }
        return nil
    }

    private func build(_ plan: RecipePlan, _ fetch: Fetch, sync: Bool) throws -> StagedContent {
        let new = try newFile()
        try hub.download(SharedFile(fetch), ranges: plan.recipe.newRanges) { block in
            try new.append(block)
            if !goesOn() { throw HubError.cancelled }
        }
        let file = try newFile()
        try file.reserve(fetch.file.size)
        try file.append(plan.recipe, bases: plan.bases, new: new.written) { !goesOn() }
        let built = try finish(file, fetch, sync: sync)
        Loader.log.debug(
            "rebuilt",
            [
                "path": fetch.path.description, "bytes": fetch.file.size, "new": plan.recipe.newBytes,
                "ranges": plan.recipe.pieces.count,
            ])
        return built
    }

    private static let log = Log("down")
}

/// A recipe, and the files that its bases lie in.
struct RecipePlan {
    let recipe: Recipe
    /// In the order of the recipe's.
    let bases: [FileReader]
}
