internal import ControlAPI
internal import HTTPServer
internal import Journal
import SyncCore

// POST /v1/revoke: whoever had the name is out, whatever fails in between. Memory first, which needs nothing; then the journal, what is
// open, the list of keys; the sessions always, and last, since until the list is another one more of them could begin.
extension HubDesk {
    /// Repeated, it does all of it again.
    func revoke(_ request: HTTPRequest, _ caller: Caller, _ responder: HTTPResponder) throws -> HTTPResponse? {
        let message = try request.message(ClientRequest.self)
        guard let name = message.client else { throw ErrorMessage(.missingField, "the field 'client' is missing") }
        // Somebody who was invited and has not come yet is uninvited.
        guard clients[name] != nil || gate.invites.contains(where: { $0.client == name }) else {
            throw unknownClient(name)
        }
        let now = clock.now().inSeconds
        shutOut(name, at: now)
        var trouble = LeavingTrouble(name: name)
        do { try writeDown(leaving: name, at: now) } catch {
            trouble.journal = error
            planGateRetry()
        }
        endPolls(of: name, with: HubDesk.revoked)
        forget(name)
        share?.giveUpLost()
        settle()
        do { try writeKeys() } catch { trouble.keys = error }
        keepClientsFile()
        // Its own way here ends with it.
        if caller.name == name { answer(trouble, responder) }
        nonisolated(unsafe) let desk = self  // SAFETY: used on the queue only.
        let (keys, queue, known) = (keys, queue, trouble)
        gatekeepers.run {
            let left = keys.endUnlisted(strangers: true)
            queue.async {
                var trouble = known
                trouble.processes = left
                if caller.name != name { desk.answer(trouble, responder) }
            }
        }
        return nil
    }

    /// Without anything that can fail.
    private func shutOut(_ name: String, at now: Int64) {
        gate.leaving[name] = now
        gate.invites.removeAll { $0.client == name }
        defer { tellDoor() }
        guard let client = clients[name] else { return }
        // Its bearer is told the truth.
        for token in gate.tokens where token.client == name { revokedTokens.insert(token.hash) }
        clients[name]?.record.revokedAt = client.record.revokedAt ?? now
    }

    /// What the hub has in memory and in its own files of a client that is not one any more.
    func forget(_ name: String) {
        toldOld[name] = nil
        quotaLooks[name] = nil
        endComing { $0.uploader == name }
        coming.remove(reader: name)
        store.closeComing(of: name)
        for (key, content) in preparing where key.client == name { content.cancellation.cancel() }
        _ = dropReady(of: name)
    }

    private func answer(_ trouble: LeavingTrouble, _ responder: HTTPResponder) {
        guard let refusal = trouble.refusal else {
            return responder.respond(.message(ClientsTouchedResponse(clients: [trouble.name])))
        }
        hubLog.error("revoked_in_part", ["client": trouble.name, "reason": refusal.message])
        responder.respond(.refusal(refusal))
    }
}

/// What of a revocation is not done yet.
struct LeavingTrouble: Sendable {
    let name: String
    var journal: (any Error)?
    var keys: (any Error)?
    /// That were to end, and are there.
    var processes = 0

    /// Nil when all of it is done.
    var refusal: ErrorMessage? {
        var parts: [String] = []
        if let journal {
            parts.append(
                "the journal could not be told (\(journal)), so that a hub which is started anew now lets it in again")
        }
        if let keys {
            parts.append(
                "the list of keys could not be written anew (\(keys)), so that who logs in by its key is thrown out then"
            )
        }
        if processes > 0 { parts.append("\(processes) processes of its sessions do not end (look for sshd in `ps`)") }
        if parts.isEmpty { return nil }
        return ErrorMessage(
            (journal ?? keys).map { HubDesk.refusal(for: $0).code } ?? .internalError,
            "'\(name)' is shut out while this hub runs, but not for good: \(parts.joined(separator: "; ")). It is tried again every "
                + "few seconds; make room on the disk, or repair it, and say `syncctl revoke \(name)` again")
    }
}
