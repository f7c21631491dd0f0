internal import ControlAPI
internal import FileTree
internal import HTTPServer
import SyncCore

// POST /v1/layout: SFTP names a file by its whole path, and the kernel takes 4,095 bytes of one. What lies deeper is copied to
// where the client can read it.
extension HubDesk {
    func layOut(_ request: HTTPRequest, _ client: String, _ responder: HTTPResponder) throws -> HTTPResponse? {
        let message = try request.message(LayOutRequest.self)
        try checkEpoch(message.epoch, of: client)
        try checkMayGoOn(client)
        try checkShare()
        guard let digest = Digest(hex: message.sha256) else {
            throw ErrorMessage(.badValue, "the field 'sha256' must have 64 hexadecimal digits")
        }
        guard let node = try journal.node(NodeID(message.node)), !node.isDeleted, let file = node.content.file,
            file.digest == digest, let path = try journal.path(of: node.id)
        else { throw HubDesk.isElsewhere }
        if case .part(var part, _) = try view(of: client), try !part.holds(node) { throw HubDesk.isElsewhere }
        let (store, queue) = (store, queue)
        nonisolated(unsafe) let desk = self  // SAFETY: used on the queue only.
        verifiers.run {
            let laidOut = Result { () throws(FileTreeError) in try store.layOut(path, file, for: client) }
            queue.async {
                desk.answerOrRefuse(responder) {
                    do throws(FileTreeError) {
                        return .message(LayOutResponse(file: try laidOut.get().description))
                    } catch {
                        if error.meansAbsence || error.reason == .changedWhileRead { throw HubDesk.isElsewhere }
                        if case .wrongContent = error.reason { throw HubDesk.isElsewhere }
                        throw error
                    }
                }
            }
        }
        return nil
    }

    private static let isElsewhere = ErrorMessage(
        .unknownPath, "it has been changed or moved at the hub; the next page of changes tells")
}
