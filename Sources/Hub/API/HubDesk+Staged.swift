internal import ControlAPI
internal import FileTree
internal import HTTPServer
import SyncCore

// POST /v1/staged: a client goes on with what was cut. What lies in its staging directory is read anew each time it asks.
extension HubDesk {
    func staged(_ request: HTTPRequest, _ client: String, _ responder: HTTPResponder) throws -> HTTPResponse? {
        let message = try request.message(StagedRequest.self)
        try checkMayGoOn(client)
        if message.files.count > StagedRequest.limit {
            throw ErrorMessage(.tooLarge, "at most \(StagedRequest.limit) files are asked about at once; ask in parts")
        }
        if message.block < StagedRequest.smallestBlock {
            throw ErrorMessage(
                .badValue, "the field 'block' must be \(StagedRequest.smallestBlock) or more")
        }
        let first = message.from ?? 0
        if first < 0 { throw ErrorMessage(.badValue, "the field 'from' must not be negative") }
        if let most = message.most, most < 1 { throw ErrorMessage(.badValue, "the field 'most' must be 1 or more") }
        let names = try message.files.map { text in
            guard let name = try? Name(text) else {
                throw ErrorMessage(.badName, "the field 'files' must hold names of files, without slashes")
            }
            return (text, name)
        }
        let (store, queue) = (store, queue)
        nonisolated(unsafe) let desk = self  // SAFETY: used on the queue only.
        let beforeReading = beforeReading
        // Nothing is read for somebody who has gone.
        let cancellation = Cancellation()
        responder.onClose { cancellation.cancel() }
        // On a line of its own: reading much of them keeps no commit waiting, and nobody else's question.
        readers.run(for: client) {
            var left = StagedRequest.mostBytes
            let files = names.compactMap { text, name -> StagedResponse.File? in
                if cancellation.isCancelled { return nil }
                beforeReading()
                let most = StagedRequest.blocks(of: message.block, within: left, wanted: message.most)
                return store.staged(
                    name, by: client, message.block, from: first, most: most,
                    cancelled: { cancellation.isCancelled }
                ).map {
                    left -= Int64($0.blocks.count) * message.block
                    return StagedResponse.File(name: text, size: $0.size, blocks: $0.blocks.map(\.hex))
                }
            }
            queue.async {
                desk.answerOrRefuse(responder) { .message(StagedResponse(files: files)) }
            }
        }
        return nil
    }
}

extension StagedRequest {
    /// How many blocks may be read.
    /// - Parameters:
    ///   - length: of a block, in bytes.
    ///   - bytes: so much may be read at most.
    ///   - most: what was asked for; nil for all.
    static func blocks(of length: Int64, within bytes: Int64, wanted most: Int?) -> Int {
        Int(min(Int64(most ?? .max), max(bytes, 0) / length))
    }
}

extension Store {
    /// How far a file was staged, and the digests of blocks of it; nil where nothing lies that can be read.
    /// - Parameter most: of blocks.
    func staged(
        _ name: Name, by client: String, _ block: Int64, from first: Int64, most: Int, cancelled: () -> Bool
    ) -> (size: Int64, blocks: [Digest])? {
        // The size may be that of a hole.
        guard let file = try? staging(of: client)?.openFile(RelativePath([name])), let size = try? file.status().size,
            size / block < StagedRequest.mostBlocks
        else { return nil }
        var end = size
        if first < size, block * Int64(most) < size - first { end = first + block * Int64(most) }
        guard let blocks = try? file.blockDigests(of: block, from: first, upTo: end, cancelled: cancelled)
        else { return nil }
        return (size, blocks)
    }
}

// POST /v1/extents: holes do not travel.
extension HubDesk {
    func extents(_ request: HTTPRequest, _ client: String, _ responder: HTTPResponder) throws -> HTTPResponse? {
        let message = try request.message(LayOutRequest.self)
        try checkEpoch(message.epoch, of: client)
        try checkMayGoOn(client)
        try checkShare(for: client)
        guard message.items.count == 1 else {
            throw ErrorMessage(.badValue, "the field 'items' must have one item")
        }
        guard let source = try sources(of: message.items, client).first ?? nil else { throw HubDesk.isElsewhere }
        let (store, queue) = (store, queue)
        nonisolated(unsafe) let desk = self  // SAFETY: used on the queue only.
        helpers.run(for: client) {
            let ranges = (try? store.share.openFile(source.path))?.dataRanges(upTo: source.content.size)
            queue.async {
                desk.answerOrRefuse(responder) {
                    guard let ranges else { throw HubDesk.isElsewhere }
                    return .message(ExtentsResponse(ranges))
                }
            }
        }
        return nil
    }
}
