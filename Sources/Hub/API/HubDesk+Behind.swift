internal import ControlAPI
internal import FileTree
internal import HTTPServer
internal import Journal
import SyncCore

/// A small file whose bytes go behind a page of changes.
struct FileBehind: Sendable {
    /// Among the page's nodes.
    let index: Int
    let source: LayOutSource
}

// Small new files whose bytes come behind the page that tells of them: who waits for changes need not ask for them.
extension HubDesk {
    /// In bytes: of larger ones the client may have parts.
    private static let largestBehind: Int64 = 64 << 10

    /// Those files of a page that are new, by somebody else, and that the client can hardly have: nothing that was there before has such
    /// bytes, or had.
    /// - Parameters:
    ///   - most: all of them together, in bytes.
    ///   - since: the client has what was there then.
    /// - Returns: in the page's order, and how many nodes of the page come before the first one for which there is no room.
    func filesBehind(
        _ nodes: [Node], atMost most: Int64, since: Sequence, for client: String
    ) throws -> (files: [FileBehind], fits: Int) {
        var files: [FileBehind] = []
        var seen: Set<Digest> = []
        var directories: [NodeID: RelativePath] = [:]
        var left = most
        for (index, node) in nodes.enumerated() {
            guard !node.isDeleted, let file = node.content.file, file.size > 0, file.size <= HubDesk.largestBehind,
                node.contentVersion == Version(1), node.locationVersion == Version(1), !seen.contains(file.digest),
                try journal.lastClient(of: node.id) != client,
                try !journal.hadFile(with: file.digest, at: since), store.sizeOfVersion(file.digest) == nil
            else { continue }
            if file.size > left { return (files, index) }
            guard let directory = try directories[node.parent] ?? journal.path(of: node.id)?.parent else { continue }
            directories[node.parent] = directory
            left -= file.size
            seen.insert(file.digest)
            let source = LayOutSource(path: directory.appending(node.name), content: file)
            files.append(FileBehind(index: index, source: source))
        }
        return (files, nodes.count)
    }

    /// Answers a long poll. What is long is put together beside the hub's one thread.
    /// - Returns: nil if the answer comes later.
    func answer(_ query: ChangesQuery, of client: String, _ responder: HTTPResponder) throws -> HTTPResponse? {
        let room = mayCome(behindAnswer: query.behind, responder) ? query.behind : 0
        let (page, files) = try page(for: client, query, behind: room)
        guard page.nodes.count > HubDesk.few || !files.isEmpty else { return .message(page) }
        let size = files.reduce(Int64(0)) { $0 + $1.source.length }
        let (store, queue) = (store, queue)
        nonisolated(unsafe) let desk = self  // SAFETY: used on the queue only.
        bytesPromised += size
        pages.run {
            // Then they are being sent, or are not.
            defer { queue.async { desk.bytesPromised -= size } }
            responder.respond(HubDesk.response(page, with: files, store))
        }
        return nil
    }

    /// In nodes: so short a page is written where it is made.
    private static let few = 64

    /// What cannot be read now is fetched, and then has its reason.
    private static func response(_ page: ChangesResponse, with files: [FileBehind], _ store: Store) -> HTTPResponse {
        let size = files.reduce(Int64(0)) { $0 + $1.source.length }
        guard !files.isEmpty, let (bytes, offsets) = try? store.gather(files.map(\.source), size) else {
            return .message(page)
        }
        var page = page
        page.behind = zip(files, offsets).compactMap { $1 < 0 ? nil : $0.index }
        return .message(page, behind: bytes)
    }
}
