internal import ControlAPI
internal import FileTree
internal import HTTPServer
internal import Journal
internal import Share
import SyncCore

// What the share is to have and nobody here has: clients are asked for it.
extension HubDesk {
    /// Whether a client that waits for news is to be asked for contents.
    func isToBeAsked(_ client: String, knowing mark: Int64) throws -> Bool {
        if placer.backlog.isEmpty { return false }
        if wantedMark > mark { return try !nextWanted(of: client, isNews: true).contents.isEmpty }
        guard let asking = clients[client]?.asking, asking.isDue(at: clock.uptime()) else { return false }
        return try !wanted(of: client, after: asking.after).contents.isEmpty
    }

    /// Some of the contents that placements wait for, of those that a client may know of: those after the ones that it was asked for last.
    /// - Parameter isTold: false if it hears of them only to look.
    func contentsToAsk(of client: String, knowing mark: Int64, isTold: Bool) throws -> [ContentKey] {
        if placer.backlog.isEmpty { return [] }
        let isNews = wantedMark > mark
        let found = try nextWanted(of: client, isNews: isNews)
        if isTold { clients[client]?.asking.told(through: found.last, isNews: isNews, at: clock.uptime()) }
        return found.contents
    }

    private func nextWanted(of client: String, isNews: Bool) throws -> Wanted {
        let after = clients[client]?.asking.start(isNews: isNews) ?? 0
        let found = try wanted(of: client, after: after)
        return found.contents.isEmpty && after > 0 ? try wanted(of: client, after: 0) : found
    }

    private typealias Wanted = (contents: [ContentKey], last: Int64?)

    /// - Parameter after: the id of a placement.
    /// - Returns: 50 at most; and the placement of the last one if there are more.
    private func wanted(of client: String, after: Int64) throws -> Wanted {
        let view = try view(of: client)
        if case .lost = view { return ([], nil) }
        var found: [ContentKey] = []
        var last = after
        // A list goes on by their ids, and what was put off comes behind what is newer.
        let rest = placer.backlog.filter { $0.id > after }.sorted { $0.id < $1.id }
        for placement in rest {
            guard let file = try wantedFile(placement, below: view.path) else { continue }
            let key = ContentKey(sha256: file.digest.hex, size: file.size)
            if found.contains(key) { continue }
            if found.count == AskingRound.most { return (found, last) }
            found.append(key)
            last = placement.id
        }
        return (found, nil)
    }

    private func isWanted(_ content: FileContent, of client: String) throws -> Bool {
        let view = try view(of: client)
        if case .lost = view { return false }
        return try placer.backlog.contains { placement in
            guard case .file(_, let file, _) = placement.step, file.digest == content.digest, file.size == content.size
            else { return false }
            return try wantedFile(placement, below: view.path) != nil
        }
    }

    /// What a placement waits for, if somebody may give it.
    private func wantedFile(_ placement: Placement, below part: RelativePath?) throws -> FileContent? {
        guard case .file(_, let file, source: .version) = placement.step, try lies(placement.node, below: part),
            placer.lacksBytes(for: placement)
        else { return nil }
        return file
    }

    /// Where it is in the journal: the step may have another path, and a part is where it is now.
    private func lies(_ node: NodeID, below part: RelativePath?) throws -> Bool {
        guard let part else { return true }
        return try journal.path(of: node).map(part.contains) ?? false
    }

    /// Verified on a worker, kept in `versions/`, and placed.
    func takeOffer(_ request: HTTPRequest, _ client: String, _ responder: HTTPResponder) throws -> HTTPResponse? {
        let message = try request.message(OfferRequest.self)
        guard case .staged(let file, _) = try SourceMessage(.staged(file: message.staged, offset: 0)).source(),
            let digest = Digest(hex: message.content.sha256)
        else { throw ErrorMessage(.badValue, "the fields 'content' and 'staged' must name a digest and a staged file") }
        let content = FileContent(digest: digest, size: message.content.size, mode: Mode(0o600), mtime: 0)
        guard try isWanted(content, of: client) else {
            dropOffer(file, client)
            return .message(EmptyResponse())
        }
        let id = OperationID(generation: "", number: 0)
        let need = ContentNeed(operation: id, content: content, source: .staged(file: try Name(file), offset: 0))
        let fetcher = Fetcher(store, client: client, adoptedFrom: settings.adoptedFrom)
        // SAFETY: the fetcher goes to the worker and comes back; the desk is used on the queue only.
        nonisolated(unsafe) let (desk, handed) = (self, fetcher)
        let (queue, store) = (queue, store)
        preparers.run(for: client) {
            let kept = Result {
                try handed.fetch([need])
                guard let item = handed.items[id] else { throw HubDesk.isNotWanted }
                try store.keepVersion(item, digest)
                // Durable before anybody counts on it: until then only whoever gives it is known to have it.
                try store.sync()
            }
            queue.async {
                desk.answerOrRefuse(responder) {
                    try kept.get()
                    try desk.takeBack(content)
                    try desk.checkTakesWrites("offer_not_acknowledged")
                    desk.dropOffer(file, client)
                    return .message(EmptyResponse())
                }
            }
        }
        return nil
    }

    private static let isNotWanted = ErrorMessage(.badValue, "the staged file is not what was wanted")

    /// What was missing lies in `versions/`.
    private func takeBack(_ content: FileContent) throws {
        placer.noteVersion(content.digest, size: content.size)
        hubLog.info("came_back", ["sha256": content.digest, "bytes": content.size])
        wantedMark += 1
        try placer.retry(having: content.digest)
        settle()
        planFlush()
    }

    private func dropOffer(_ file: String, _ client: String) {
        if let name = try? Name(file) { store.removeStaged(name, of: client) }
    }
}
