internal import ControlAPI
internal import Engine
internal import Index
internal import SyncCore
internal import Transport

/// Finds out how a content can be put together at the hub from what that has. Any thread.
struct RecipeMaker {
    let worker: FolderWorker
    let hub: any HubConnection

    /// More new bytes travel as a file of its own, which can be gone on with, in bytes.
    private static let mostNewBytes: Int64 = 64 << 20

    /// - Parameter entry: whose content it is.
    /// - Returns: nil if it has to travel whole.
    func recipe(for file: FileContent, of entry: EntryID?) throws -> Recipe? {
        guard file.size >= ChunkList.leastSize,
            var draft = try worker.perform({ try RecipeDraft(file, entry, $0.index) })
        else { return nil }
        var recipe = draft.recipe
        // It came from the hub, and was never cut here.
        if recipe == nil, let (node, old) = draft.uncut, let list = try chunkList(of: old, node) {
            draft.bases.insert((old.digest, list), at: 0)
            try worker.perform { try $0.index.keep(list, of: old.digest) }
            recipe = draft.recipe
        }
        guard let recipe, recipe.newBytes <= RecipeMaker.mostNewBytes else { return nil }
        return recipe
    }

    /// What the hub says that a content consists of; nil if it does not, or it is the node's no more.
    private func chunkList(of file: FileKey, _ node: NodeID) throws -> ChunkList? {
        let asked = SharedFile(node: node, path: .top, digest: file.digest, size: file.size)
        do throws(HubError) {
            // No content is put together from itself: so the hub says the chunks.
            let answer = try hub.recipe(asked, have: [file.digest])
            guard let text = answer.list, let bytes = Base64.bytes(text) else { return nil }
            return ChunkList(encoded: bytes, size: file.size)
        } catch {
            if error.endsConnection { throw error }
            return nil
        }
    }
}

/// What a recipe for a content can be made from.
private struct RecipeDraft {
    let list: ChunkList
    var bases: [(digest: Digest, list: ChunkList)] = []
    /// What the hub has of the node, if nobody has cut it here.
    var uncut: (node: NodeID, file: FileKey)?

    /// So many others than the node's own are compared.
    private static let others = 4

    /// - Returns: nil if the content was not cut, or there is nothing to compare it with.
    init?(_ file: FileContent, _ entry: EntryID?, _ index: FolderIndex) throws {
        guard let list = try index.chunkList(of: file.digest, size: file.size) else { return nil }
        self.list = list
        if let node = try entry.flatMap({ try index.local($0) })?.node,
            let old = try index.synced(node)?.content.file, old.digest != file.digest, old.size >= ChunkList.leastSize
        {
            if let list = try index.chunkList(of: old.digest, size: old.size) {
                bases.append((old.digest, list))
            } else {
                uncut = (node, FileKey(digest: old.digest, size: old.size))
            }
        }
        for other in try index.contents(sharing: list, limit: Self.others)
        where other.digest != file.digest && !bases.contains(where: { $0.digest == other.digest }) {
            guard try index.isKnown(other.digest),
                let list = try index.chunkList(of: other.digest, size: other.size)
            else { continue }
            bases.append((other.digest, list))
        }
        if bases.isEmpty, uncut == nil { return nil }
    }

    var recipe: Recipe? { Recipe.make(list, from: bases) }
}
