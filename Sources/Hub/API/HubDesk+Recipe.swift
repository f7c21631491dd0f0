internal import ControlAPI
internal import FileTree
internal import HTTPServer
internal import Journal
import SyncCore

// Contents that consist of others: what a commit says of them is remembered for those who fetch, and what a content consists of is
// found out once.
extension HubDesk {
    /// Where bytes may lie, as far as a client may use them: one that maps a part of the share gets nothing from outside of that,
    /// and of what was there once what it was told of.
    func whereabouts(of digest: Digest, for client: String) throws -> BaseSource {
        switch try view(of: client) {
        case .everything:
            return BaseSource(digest: digest, paths: try journal.whereabouts(of: digest).paths, mayBeOld: true)
        case .part(var part, _):
            let nodes = try journal.someFiles(with: digest).filter { try part.holds($0) }
            return BaseSource(
                digest: digest, paths: try nodes.compactMap { try journal.path(of: $0.id) },
                mayBeOld: toldOld[client]?.contains(digest) ?? false)
        case .lost: return BaseSource(digest: digest, paths: [], mayBeOld: false)
        }
    }

    /// Whether a client may be told that the hub has, or had, these bytes.
    private func mayKnow(_ digest: Digest, _ client: String) throws -> Bool {
        if case .everything = try view(of: client) { return true }
        let base = try whereabouts(of: digest, for: client)
        return base.mayBeOld || !base.paths.isEmpty
    }

    /// After the answer: nothing depends on it.
    func remember(_ followed: [(digest: Digest, recipe: Recipe)]) {
        do { for (digest, recipe) in followed { try journal.keep(recipe, for: digest) } } catch {
            hubLog.debug("recipe_forgotten", ["reason": "\(error)"])
        }
    }

    /// POST /v1/recipe.
    func answerRecipe(
        _ request: HTTPRequest, _ client: String, _ responder: HTTPResponder
    ) throws -> HTTPResponse? {
        let message = try request.message(RecipeRequest.self)
        try checkEpoch(message.epoch, of: client)
        try checkMayGoOn(client)
        try checkShare(for: client)
        if message.have.count > RecipeRequest.most {
            throw ErrorMessage(.badValue, "the field 'have' has at most \(RecipeRequest.most) items")
        }
        let have = try message.have.map { hex in
            guard let digest = Digest(hex: hex) else {
                throw ErrorMessage(.badValue, "the field 'have' must have 64 hexadecimal digits in each item")
            }
            return digest
        }
        guard let source = try sources(of: [.init(node: message.node, sha256: message.sha256)], client)[0] else {
            throw HubDesk.isElsewhere
        }
        let recipes = try journal.recipes(for: source.content.digest)
        let fitting = try recipes.first {
            try have.isEmpty ? $0.bases.allSatisfy { try mayKnow($0, client) } : Set($0.bases).isSubset(of: have)
        }
        if fitting != nil || have.isEmpty { return .message(RecipeResponse(recipe: fitting)) }
        if let list = try journal.chunkList(of: source.content.digest, size: source.content.size) {
            return .message(RecipeResponse(list: list.encoded))
        }
        cut(source, client, responder)
        return nil
    }

    /// Once for all who ask meanwhile.
    private func cut(_ source: LayOutSource, _ client: String, _ responder: HTTPResponder) {
        let digest = source.content.digest
        guard cutting[digest] == nil else {
            cutting[digest, default: []].append(responder)
            return
        }
        cutting[digest] = [responder]
        let (store, queue) = (store, queue)
        nonisolated(unsafe) let desk = self  // SAFETY: used on the queue only.
        let beforeReading = beforeReading
        // Not where commits are read: it takes as long as reading all of it.
        preparers.run(for: client) {
            beforeReading()
            let list = store.chunkList(of: source.path, expecting: digest)
            queue.async {
                for responder in desk.cutting.removeValue(forKey: digest) ?? [] {
                    desk.answerOrRefuse(responder) {
                        guard let list else { throw HubDesk.isElsewhere }
                        return .message(RecipeResponse(list: list.encoded))
                    }
                }
                do { if let list { try desk.journal.keep(list, of: digest) } } catch {
                    hubLog.debug("chunk_list_forgotten", ["reason": "\(error)"])
                }
            }
        }
    }
}

extension SourcedOperation {
    /// A recipe gives exactly the bytes that the content has.
    func checkSize() throws(WireError) {
        guard case .recipe(let recipe, _, _)? = source, let file = operation.change.content?.file,
            recipe.size != file.size
        else { return }
        throw .badValue(
            field: "recipe.ranges", reason: "have \(recipe.size) bytes together, and the content has \(file.size)")
    }
}
