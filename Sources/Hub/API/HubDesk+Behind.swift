internal import ControlAPI
internal import FileTree
internal import HTTPServer
internal import Journal
import SyncCore

/// A small file whose bytes go behind a page of changes.
struct FileBehind: Sendable {
    /// Among the page's nodes.
    let index: Int
    let size: Int64
    let place: Place

    enum Place {
        case share(LayOutSource)
        /// As they came with the commit, and were verified.
        case memory(ArraySlice<UInt8>)
    }
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
                try !journal.hadFile(with: file.digest, at: since), try !hadOnce(file.digest)
            else { continue }
            if file.size > left { return (files, index) }
            let place: FileBehind.Place
            if let bytes = justCommitted[file.digest] {
                place = .memory(bytes)
            } else {
                guard let directory = try directories[node.parent] ?? journal.path(of: node.id)?.parent else {
                    continue
                }
                directories[node.parent] = directory
                place = .share(LayOutSource(path: directory.appending(node.name), content: file))
            }
            left -= file.size
            seen.insert(file.digest)
            files.append(FileBehind(index: index, size: file.size, place: place))
        }
        return (files, nodes.count)
    }

    /// Whether some file had these bytes, and has others now: what lies in `versions/` and was displaced.
    private func hadOnce(_ digest: Digest) throws -> Bool {
        try store.sizeOfVersion(digest) != nil && journal.wasDisplaced(digest)
    }

    /// Answers a long poll. What is long is put together beside the hub's one thread.
    /// - Returns: nil if the answer comes later.
    func answer(_ query: ChangesQuery, of client: String, _ responder: HTTPResponder) throws -> HTTPResponse? {
        let room = mayCome(behindAnswer: query.behind, responder) ? query.behind : 0
        let (page, files) = try page(for: client, query, behind: room, isTold: true)
        guard page.nodes.count > HubDesk.few || !files.isEmpty else { return .message(page) }
        let size = files.reduce(Int64(0)) { $0 + $1.size }
        let (store, queue) = (store, queue)
        nonisolated(unsafe) let desk = self  // SAFETY: used on the queue only.
        bytesPromised += size
        pages.run(for: client) {
            // Then they are being sent, or are not.
            defer { queue.async { desk.bytesPromised -= size } }
            responder.respond(HubDesk.response(page, with: files, store))
        }
        return nil
    }

    /// In nodes: so short a page, or an answer to a commit, is written where it is made.
    static let few = 64

    /// What a commit has brought behind it, and is in private files: those bytes of it that may go on to others.
    func bytesToPassOn(_ commit: ParsedCommit, _ isVerified: (OperationID) -> Bool) -> [Digest: ArraySlice<UInt8>] {
        guard let behind = commit.behind else { return [:] }
        var found: [Digest: ArraySlice<UInt8>] = [:]
        for sourced in commit.operations {
            guard case .behind(let offset)? = sourced.source, let file = sourced.operation.change.content?.file,
                isVerified(sourced.operation.id)
            else { continue }
            found[file.digest] = behind.bytes(at: offset, count: file.size)
        }
        return found
    }

    /// What cannot be read now is fetched, and then has its reason.
    private static func response(_ page: ChangesResponse, with files: [FileBehind], _ store: Store) -> HTTPResponse {
        var page = page
        var bytes: [UInt8] = []
        var there: [Int] = []
        bytes.reserveCapacity(Int(files.reduce(Int64(0)) { $0 + $1.size }))
        for file in files {
            switch file.place {
            case .memory(let found): bytes += found
            case .share(let source):
                guard let found = try? store.gather([source], file.size)?.bytes else { continue }
                bytes += found
            }
            there.append(file.index)
        }
        if there.isEmpty { return .message(page) }
        page.behind = there
        return .message(page, behind: bytes)
    }
}
