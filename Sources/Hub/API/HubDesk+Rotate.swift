internal import ControlAPI
internal import HTTPServer
internal import Hashing
internal import Journal

// POST /v1/rotate: another key and token for a client that goes on.
extension HubDesk {
    func rotate(_ request: HTTPRequest, _ name: String) throws -> HTTPResponse {
        guard let used = request.bearerToken else { throw HubDesk.unauthorized }
        let hash = sha256(Array(used.utf8))
        let message = try request.message(RotateRequest.self)
        guard let line = message.publicKey else { return try endRotation(of: name, by: hash) }
        let key = try HubDesk.publicKey(line, field: "public_key")
        let token = Base64.urlText(randomBytes(count: 32))
        try journal.beginRotation(of: name, by: hash, tokenHash: sha256(Array(token.utf8)), publicKey: key.line)
        try takeOver(name)
        return .message(RotateResponse(token: token))
    }

    private func endRotation(of name: String, by hash: [UInt8]) throws -> HTTPResponse {
        guard try journal.finishRotation(of: name, by: hash) else {
            throw ErrorMessage(
                .badRequest,
                "the change of key and token that was begun ends with the new token: `syncagent rotate` does it")
        }
        hubLog.info("rotated", ["client": name])
        try takeOver(name)
        return .message(RotateResponse(token: nil))
    }

    /// What the journal has now counts. Sessions by a key that is not in the list any more end.
    private func takeOver(_ name: String) throws {
        try reload(name)
        try writeKeys()
    }
}
