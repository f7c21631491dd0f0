internal import ControlAPI
internal import Journal
import SyncCore

// Who may come in: the list of keys, and what ends with an invite.
extension HubDesk {
    /// Tells the key keeper who may come in: all clients that are not revoked, and open invites. Sessions by keys that are not in the
    /// list any more end. What cannot be written is tried again.
    func writeKeys() throws {
        do {
            gate.invites = try journal.unusedInvites().filter { gate.leaving[$0.client] == nil }
            gate.rotations = try journal.rotations()
        } catch {
            // What was known serves: a journal that cannot be read keeps nobody's key. It is tried again.
            gate.isBehindJournal = true
            planGateRetry()
            hubLog.error("invites_not_read", ["reason": "\(error)"])
        }
        tellDoor()
        let list = listKeys()
        let gone = gate.listed.subtracting(list.map(\.key))
        gate.listed = Set(list.map(\.key))
        let keys = keys
        // Looks at every process: not on this thread.
        defer { if !gone.isEmpty { gatekeepers.run { _ = keys.endUnlisted(strangers: false) } } }
        do {
            try keys.rewrite(list)
            gate.keysTrouble = nil
        } catch {
            if gate.keysTrouble == nil { hubLog.error("keys_not_written", ["reason": "\(error)"]) }
            gate.keysTrouble = error
            planGateRetry()
            throw error
        }
    }

    /// Who has joined and has not said hello yet has what the invite's own key has: the tunnel, as long as the invite is good.
    /// What each opens of the share is remembered, written or not: what cannot be written is tried again anyway.
    private func listKeys() -> [AuthorizedKey] {
        var parts: [String: SharePart] = [:]
        let (now, moment) = (clock.now().inSeconds, moment)
        let open = gate.invites.filter { $0.rest(at: now, moment: moment) > 0 }
        let devices = clients.values.sorted { $0.record.name < $1.record.name }.flatMap { client -> [AuthorizedKey?] in
            let record = client.record
            guard record.revokedAt == nil else { return [] }
            if !isUnproven(record.name) {
                let reach = self.reach(of: record)
                parts[record.name] = reach.part
                return keyLines(of: record).map {
                    AuthorizedKey(record.name, $0, record.kind == .agent ? .agent : .sftp, reach)
                }
            }
            guard let invite = open.first(where: { $0.client == record.name }) else { return [] }
            return [AuthorizedKey(record.name, record.publicKey, .invite(expires: invite.expires))]
        }
        keyParts = parts
        return devices.compactMap { $0 }
            + open.compactMap { AuthorizedKey($0.client, $0.publicKey, .invite(expires: $0.expires)) }
    }

    /// Its key, and the one that it is changing to.
    private func keyLines(of record: ClientRecord) -> [String] {
        [record.publicKey] + (gate.rotations[record.name].map { [$0.publicKey] } ?? [])
    }

    /// Ends all sessions of a client, by whichever of its keys.
    func endSessions(of record: ClientRecord) {
        let keys = keys
        // Looks at every process: not on this thread.
        for key in keyLines(of: record).compactMap({ try? PublicKey(line: $0) }) {
            gatekeepers.run { keys.endSessions(of: key) }
        }
    }

    /// Whether a client has joined and has not said hello yet: all that it may do is that.
    func isUnproven(_ name: String) -> Bool {
        gate.invites.contains { $0.client == name } && clients[name]?.record.revokedAt == nil
    }

    func hasOpenInvite(_ name: String) -> Bool {
        let (now, moment) = (clock.now().inSeconds, moment)
        return gate.invites.contains { $0.client == name && $0.rest(at: now, moment: moment) > 0 }
    }

    static let helloFirst = ErrorMessage(
        .forbidden, "this device has joined and not said hello yet: POST /v1/hello comes first (syncagent join does it)"
    )

    // MARK: - What is over

    /// Ends the invites that are over, by the calendar or by the time for which hubs have run; with each of them who has joined by it
    /// and has not said hello.
    func endInvites() {
        let (now, moment) = (clock.now().inSeconds, moment)
        guard gate.invites.contains(where: { $0.rest(at: now, moment: moment) <= 0 }) else { return }
        if let last = gate.invitesLeftAt, clock.uptime() - last < Gate.pause { return }
        do {
            gate.invitesLeftAt = nil
            for name in try journal.endInvites(at: now, moment: moment) {
                hubLog.info("invite_over", ["client": name])
                try reload(name)
            }
        } catch {
            hubLog.error("invites_not_ended", ["reason": "\(error)"])
            gate.invitesLeftAt = clock.uptime()
            planGateRetry()
        }
        // Told by itself when it fails.
        try? writeKeys()
    }

    /// The first moment at which something ends or is tried again, by the clock that never goes back.
    var nextAtGate: Nanoseconds? {
        let (now, moment) = (clock.now().inSeconds, moment)
        let ends =
            gate.invites.map { $0.rest(at: now, moment: moment) } + gate.rotations.values.map { $0.rest(at: moment) }
        let rests = ends.filter { $0 > 0 }
        return [gate.retryAt, rests.min().map { clock.uptime() + .seconds($0) }].compactMap { $0 }.min()
    }

    func planGateRetry() { gate.retryAt = gate.retryAt ?? clock.uptime() + Gate.pause }

    /// Tries again what could not be written about who may come in.
    func retryGate() {
        guard let due = gate.retryAt, clock.uptime() >= due else { return }
        gate.retryAt = nil
        for (name, at) in gate.leaving {
            do { try writeDown(leaving: name, at: at) } catch { planGateRetry() }
        }
        if gate.keysTrouble != nil || gate.isBehindJournal {
            gate.isBehindJournal = false
            try? writeKeys()
        }
        if gate.isClientsFileBehind { keepClientsFile() }
        if gate.retryAt == nil { hubLog.info("gate_written") }
    }

    /// The journal is told of somebody who was shut out.
    func writeDown(leaving name: String, at: Int64) throws {
        if try journal.client(named: name) == nil {
            try journal.withdrawInvite(of: name)
        } else {
            try journal.revoke(name, at: at)
        }
        gate.leaving[name] = nil
        try reload(name)
    }
}

extension AuthorizedKey {
    /// Nil for what the journal should not have.
    fileprivate init?(_ name: String, _ line: String, _ access: Access, _ reach: ShareReach = .everything) {
        guard let client = try? ClientName(name), let key = try? PublicKey(line: line) else { return nil }
        self.init(client: client, key: key, access: access, reach: reach)
    }
}
