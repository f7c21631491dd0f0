internal import ControlAPI
internal import Engine
internal import FileTree
internal import SyncCore
internal import Transport

// The hub has a large content ready before a commit names it: hashing and building it take their time there, and what is small must
// not wait for that behind the commit.
extension BulkUp {
    /// What became of a question.
    enum Offer {
        /// It lies ready.
        case ready
        /// It is being made ready; or it will be, from there, when the hub has a turn for it.
        case working(ContentSource?)
        /// Nobody wants it any more.
        case unwanted
    }

    /// More would make the request too long.
    private static let mostRanges = 50_000

    /// Brings its bytes to the hub in the cheapest way, and has them made ready.
    func offer(_ file: Travelling, _ hub: any HubConnection) throws -> Offer {
        let isPlain = file.mustTravel || plain.contains(file.file.digest)
        if let answer = try ask(file, isPlain ? nil : .known, hub) { return answer }
        if !isPlain, let answer = try offerRecipe(file, hub) { return answer }
        guard try stage(file, hub) else { return .unwanted }
        log.debug("staged-ahead", ["path": file.path, "bytes": file.file.size])
        if let answer = try ask(file, .staged(file: BulkUp.name(of: file.file.digest), offset: 0), hub) {
            return answer
        }
        throw HubError.transferFailed("the hub did not find what was sent; it is compared and sent again")
    }

    /// What the hub can put together from what it has, and from new bytes.
    private func offerRecipe(_ file: Travelling, _ hub: any HubConnection) throws -> Offer? {
        guard let recipe = try RecipeMaker(worker: worker, hub: hub).recipe(for: file.file, of: file.entry),
            recipe.pieces.count <= BulkUp.mostRanges
        else { return nil }
        guard recipe.newBytes > 0 else { return try ask(file, .recipe(recipe, file: nil, offset: 0), hub) }
        if hub.reasonAgainst(staging: recipe.newBytes) != nil { return nil }
        let reader = try worker.tree.root.openFile(file.path)
        try check(reader, file)
        let name = BulkUp.newBytesName(of: file.file.digest)
        staged.insert(file.file.digest)
        let parts = recipe.newRanges.map { UploadPart.range(descriptor: reader.rawDescriptor, $0) }
        try hub.upload(name, parts, .bulk(0)) { !isStopping() && connection() != nil }
        try check(reader, file)
        try worker.perform { $0.ahead.arrived[file.entry] = recipe.newBytes }
        log.debug(
            "recipe",
            ["path": file.path, "bytes": recipe.size, "new": recipe.newBytes, "ranges": recipe.pieces.count])
        return try ask(file, .recipe(recipe, file: name, offset: 0), hub)
    }

    /// - Parameter source: nil to hear only whether it is ready, or is being made so.
    /// - Returns: nil if the hub does not have it, or not so.
    private func ask(_ file: Travelling, _ source: ContentSource?, _ hub: any HubConnection) throws -> Offer? {
        do throws(HubError) {
            let question = PrepareRequest(content: file.key, source: source.map(SourceMessage.init))
            return try hub.makeReady(question) ? .ready : .working(nil)
        } catch {
            switch error.answer?.code {
            case .contentMissing: return nil
            // What overtakes others does not count them: it waits for its turn there.
            case .tooMany where source != nil: return .working(source)
            // A hub that does not know this does it in the commit.
            case .unknownRoute:
                switch source {
                case .staged?: return .ready
                case .known?: return try hub.holds([file.key]).isEmpty ? nil : .ready
                default: return nil
                }
            default: throw error
            }
        }
    }

    // MARK: - What the hub has done meanwhile

    /// - Returns: whether anything has come of it.
    func takeReady() throws -> Bool {
        let ended = waits.takeEnded()
        for (file, failure) in ended {
            underWay.remove(file.file.digest)
            if let failure { try failed(file, failure) } else { try arrived(file) }
        }
        return !ended.isEmpty
    }

    /// A commit may name it.
    func arrived(_ file: Travelling) throws {
        log.debug("ready", ["path": file.path, "bytes": file.file.size])
        staged.insert(file.file.digest)
        plain.remove(file.file.digest)
        pauses.forget(file.entry)
        try worker.perform { folder in
            folder.arrived(file)
            folder.sendingTroubles[file.entry] = nil
        }
    }

    /// It could not be made ready.
    func failed(_ file: Travelling, _ failure: HubError) throws {
        guard let answer = failure.answer else { return }
        switch answer.code {
        case .contentMissing where plain.insert(file.file.digest).inserted:
            // What was thought to be there is not: its bytes are compared, and sent.
            log.info("sent-whole", ["path": file.path, "reason": answer.message])
        case .noSpace:
            try hold(file, HubError.diskIsFull)
            // What is small may still find room.
            if let hub = connection() { try remove([file.file.digest], hub) }
        case .paused, .hubAway, .otherEpoch: break
        default: try hold(file, answer.message)
        }
    }
}
