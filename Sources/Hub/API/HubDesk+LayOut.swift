internal import ControlAPI
internal import FileTree
internal import HTTPServer
internal import Journal
import SyncCore

// POST /v1/layout: many small contents are copied into one file, which SFTP reads with one open. And SFTP names a file by its
// whole path, of which the kernel takes 4,095 bytes: what lies deeper is copied to where the client can read it.
extension HubDesk {
    func layOut(_ request: HTTPRequest, _ client: String, _ responder: HTTPResponder) throws -> HTTPResponse? {
        let message = try request.message(LayOutRequest.self)
        try checkEpoch(message.epoch, of: client)
        try checkMayGoOn(client)
        try checkShare(for: client)
        if message.items.count > LayOutRequest.limit {
            throw ErrorMessage(.tooLarge, "at most \(LayOutRequest.limit) contents are laid out at once; ask in parts")
        }
        let sources = try sources(of: message.items, client)
        if !sources.contains(where: { $0 != nil }) { throw HubDesk.isElsewhere }
        let total = sources.reduce(Int64(0)) { $0 + ($1?.length ?? 0) }
        if message.items.count > 1, total > LayOutRequest.largest {
            throw ErrorMessage(
                .tooLarge, "at most \(LayOutRequest.largest) bytes are laid out at once; ask in parts")
        }
        if message.behind == true, mayCome(behindAnswer: total, responder) {
            return answer(with: sources, total, client, responder)
        }
        let memory = message.anywhere == true && message.items.count > 1 ? packMemory : nil
        let (store, queue) = (store, queue)
        nonisolated(unsafe) let desk = self  // SAFETY: used on the queue only.
        // What is large is not copied where commits are read.
        let isLong = total > LayOutRequest.largest
        if isLong, !StagingRule.allowsCopy(of: total, free: try store.incoming.space().free) {
            throw ErrorMessage(
                .noSpace,
                "to lay out \(total) bytes would take more than half of what is free on the hub's disk. Make room there, and "
                    + "it goes on by itself")
        }
        let beforeReading = beforeReading
        (isLong ? preparers : verifiers).run(for: client) {
            if isLong { beforeReading() }
            let laidOut = Result { () throws(FileTreeError) in
                try store.layOut(sources, for: client, in: memory)
            }
            queue.async {
                desk.answerOrRefuse(responder) {
                    guard let found = try laidOut.get() else { throw HubDesk.isElsewhere }
                    return .message(
                        LayOutResponse(
                            file: found.name.description, offsets: found.offsets, directory: found.directory))
                }
            }
        }
        return nil
    }

    /// Whether an answer may have so many bytes behind it: slow readers would fill the memory that is meant for packs.
    func mayCome(behindAnswer bytes: Int64, _ responder: HTTPResponder) -> Bool {
        bytes <= MessageWithBytes.most
            && Int64(responder.bytesBeingSent) + bytesPromised + bytes <= settings.packMemory
    }

    /// Nothing is written, and nothing is left to be removed.
    private func answer(
        with sources: [LayOutSource?], _ size: Int64, _ client: String, _ responder: HTTPResponder
    ) -> HTTPResponse? {
        let (store, queue) = (store, queue)
        nonisolated(unsafe) let desk = self  // SAFETY: used on the queue only.
        bytesPromised += size
        verifiers.run(for: client) {
            // Then they are being sent, or are not.
            defer { queue.async { desk.bytesPromised -= size } }
            let gathered = Result { () throws(FileTreeError) in try store.gather(sources, size) }
            do {
                guard let (bytes, offsets) = try gathered.get() else { throw HubDesk.isElsewhere }
                let message = LayOutResponse(file: "", offsets: offsets)
                responder.respond(.message(message, behind: bytes))
            } catch { responder.respond(.refusal(HubDesk.refusal(for: error))) }
        }
        return nil
    }

    /// Where the bytes are; nil for what the journal has otherwise now, or the client may not see.
    func sources(of items: [LayOutRequest.Item], _ client: String) throws -> [LayOutSource?] {
        // On one view of the journal: for each question by itself SQLite locks its file twice.
        try journal.snapshot { try look(for: items, client) }
    }

    private func look(for items: [LayOutRequest.Item], _ client: String) throws -> [LayOutSource?] {
        let view = try view(of: client)
        return try items.map { item in
            guard let digest = Digest(hex: item.sha256) else {
                throw ErrorMessage(.badValue, "the field 'sha256' must have 64 hexadecimal digits")
            }
            guard let node = try journal.node(NodeID(item.node)), !node.isDeleted, let file = node.content.file,
                file.digest == digest, let path = try journal.path(of: node.id)
            else { return nil }
            if case .part(var part, _) = view, try !part.holds(node) { return nil }
            return LayOutSource(path: path, content: file, range: try item.range(in: file))
        }
    }

    static let isElsewhere = ErrorMessage(
        .unknownPath, "it has been changed or moved at the hub; the next page of changes tells")
}

extension LayOutRequest.Item {
    /// - Returns: nil for all of it.
    fileprivate func range(in file: FileContent) throws(ErrorMessage) -> Range<Int64>? {
        if offset == nil, length == nil { return nil }
        guard let offset, let length, offset >= 0, length > 0, length <= file.size, offset <= file.size - length
        else { throw ErrorMessage(.badValue, "the fields 'offset' and 'length' must be a range of the content") }
        return offset..<offset + length
    }
}
