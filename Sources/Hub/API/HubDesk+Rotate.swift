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
        try journal.beginRotation(
            of: name, by: hash, tokenHash: sha256(Array(token.utf8)), publicKey: key.line, at: clock.now().inSeconds,
            moment: moment)
        hubLog.info("rotation_begun", ["client": name, "then": "both keys are good until it ends, or for a day"])
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

    /// Which of the two tokens a client uses. Of one that only tries a new one nothing is noted.
    func noteRotation(of name: String, by hash: [UInt8]) {
        guard let begun = gate.rotations[name], begun.usesNew != (begun.tokenHash == hash) else { return }
        // What cannot be written now is with the next request.
        guard (try? journal.noteRotation(of: name, usesNew: !begun.usesNew)) != nil else { return }
        gate.rotations[name]?.usesNew.toggle()
    }

    /// Ends the changes that were begun and never finished, when hubs have run for a day since: what the client has used last stays.
    func endRotations() {
        let moment = moment
        let over = gate.rotations.values.filter { $0.rest(at: moment) <= 0 }
        if over.isEmpty { return }
        if let last = gate.invitesLeftAt, clock.uptime() - last < Gate.pause { return }
        do {
            for begun in over {
                try journal.endRotation(of: begun.client)
                hubLog.warning(
                    "rotation_over", ["client": begun.client, "kept": begun.usesNew ? "the new key" : "the old key"])
                try reload(begun.client)
            }
        } catch {
            hubLog.error("rotations_not_ended", ["reason": "\(error)"])
            gate.invitesLeftAt = clock.uptime()
            planGateRetry()
        }
        // Told by itself when it fails.
        try? writeKeys()
    }

    /// What the journal has now counts. Sessions by a key that is not in the list any more end.
    private func takeOver(_ name: String) throws {
        try reload(name)
        try writeKeys()
    }
}
