internal import ControlAPI
internal import HTTPServer
internal import Journal
import SyncCore

// What only looks: status, clients, unsynced, why, log, conflicts, paths.
extension HubDesk {
    func status() throws -> StatusResponse {
        fence.check()
        let statistics = try journal.statistics()
        let head = try head
        return StatusResponse(
            hub: StatusResponse.Hub(
                name: name, version: ProductVersion.current, seq: head.rawValue, files: statistics.files,
                bytes: statistics.bytes, share: layout.share, blocked: fence.reason ?? troubleNow),
            clients: try allFacts.map { try status(of: $0, head) } + [share?.status(head)].compactMap { $0 },
            conflicts: try journal.openConflicts().count, held: heldBatches.isEmpty ? nil : heldBatches.count)
    }

    private func status(of client: ClientFacts, _ head: Sequence) throws -> StatusResponse.Client {
        var until: String?
        if case .paused(let end?) = client.pause { until = Timestamp.text(end) }
        let ahead = {
            let list = try self.ahead(of: client); return (list.count, list.reduce(0) { $0 + $1.bytes })
        }
        let totals = UnsyncedRule.needsJournal(client) ? try ahead() : (0, 0)
        let state = ClientStateRule.state(of: client, head: head)
        return StatusResponse.Client(
            name: client.name, kind: client.kind, state: state,
            reason: StatusReason.text(client, state, now: clock.now()),
            refused: client.isDoubled ? HubDesk.otherMachineRefused : nil,
            cursor: client.cursor.rawValue, behind: ClientStateRule.behind(client, head: head),
            unsynced: UnsyncedRule.totals(client, ahead: totals), lastSeen: client.lastSeen.map(Timestamp.text),
            pausedUntil: until, pausedSince: client.pausedSince.map(Timestamp.text), mode: client.report?.mode,
            limits: limits(of: client.name),
            progress: client.isOnline && [.syncing, .merging].contains(state) ? client.report?.progress : nil)
    }

    func clientList() throws -> [ClientMessage] {
        let head = try head
        return clients.values.sorted { $0.record.name < $1.record.name }.map { client in
            let facts = facts(client)
            return ClientMessage(
                name: facts.name, kind: facts.kind, role: client.record.role.rawValue,
                state: ClientStateRule.state(of: facts, head: head),
                fingerprint: (try? PublicKey(line: client.record.publicKey))?.fingerprint,
                since: Timestamp.text(.seconds(client.record.createdAt)), lastSeen: facts.lastSeen.map(Timestamp.text))
        }
    }

    // MARK: - What is not synced

    func unsynced(of name: String?) throws -> [UnsyncedMessage] {
        if name == Placer.shareClient { return share?.pending ?? [] }
        if let name, clients[name] == nil { throw unknownClient(name) }
        let ofShare = name == nil ? share?.pending ?? [] : []
        return try ofShare
            + allFacts.filter { name == nil || $0.name == name }.flatMap { client in
                UnsyncedRule.items(client, ahead: try ahead(of: client))
            }
    }

    /// What the journal has behind a client's cursor. Deep in the past, the newest ones are left out.
    private func ahead(of client: ClientFacts) throws -> [ChangeAhead] {
        guard client.receives else { return [] }
        return try journal.nodesBehind(client.cursor, limit: 100_000).compactMap { node in
            guard let path = try journal.path(of: node.id), client.maps(path) else { return nil }
            return ChangeAhead(path: path, bytes: node.isDeleted ? 0 : node.content.size)
        }
    }

    func why(_ request: PathRequest) throws -> WhyResponse {
        let path = try requestedPath(request.path)
        let waiting = share?.pending.first { (try? wirePath($0.path)).map(path.contains) == true }
        guard !path.isTop,
            let answer = WhyRule.answer(
                path, node: try journal.node(at: path), ignored: try share?.ignoring(at: path), clients: allFacts,
                share: waiting?.reason, conflicts: try openConflicts())
        else {
            throw ErrorMessage(
                .unknownPath, "nobody knows '\(path)': it is not in the share, and no client has it waiting")
        }
        return answer
    }

    // MARK: - The past

    func holdLog(_ request: HTTPRequest, _ caller: Caller, _ responder: HTTPResponder) throws -> HTTPResponse? {
        let limit = Int(min(max(try request.number("limit") ?? 100, 1), 10_000))
        guard let after = try request.number("after") else {
            return .message(try journal.newestHistory(limit: limit).map(HubDesk.logMessage))
        }
        let time = try request.seconds("wait", limit: settings.longestPoll)
        hold(.log(after: Sequence(after), limit: limit), of: caller, for: time, responder)
        return nil
    }

    func log(after: Sequence, limit: Int) throws -> [LogMessage] {
        try journal.history(after: after, limit: limit).map(HubDesk.logMessage)
    }

    private static func logMessage(_ record: HistoryRecord) -> LogMessage {
        LogMessage(
            seq: record.seq.rawValue, at: Timestamp.text(.seconds(record.at)), client: record.client,
            change: record.change.rawValue, path: "\(record.path)", pathB64: WirePath.base64(record.path.bytes),
            from: record.fromPath.map { "\($0)" }, kind: record.node.content.kind.rawValue,
            bytes: record.node.content.size)
    }

    private func openConflicts() throws -> [OpenConflict] {
        try journal.openConflicts().compactMap { conflict in
            guard let path = try journal.path(of: conflict.over.id), let copy = try journal.path(of: conflict.copy.id)
            else { return nil }
            return OpenConflict(path: path, copy: copy, client: conflict.client)
        }
    }

    func conflicts() throws -> [ConflictMessage] {
        try journal.openConflicts().compactMap { conflict in
            guard let path = try journal.path(of: conflict.over.id), let copy = try journal.path(of: conflict.copy.id)
            else { return nil }
            return ConflictMessage(
                path: "\(path)", pathB64: WirePath.base64(path.bytes), copy: "\(copy)",
                copyB64: WirePath.base64(copy.bytes), client: conflict.client, at: Timestamp.text(.seconds(conflict.at))
            )
        }
    }

    // MARK: - Places

    func paths() -> PathsResponse {
        let places = [
            ("root", layout.root), ("share", layout.share), ("staging", layout.staging), ("versions", layout.versions),
            ("journal", layout.journal), ("configuration", layout.configuration), ("ssh", layout.ssh),
            ("administrator's token", layout.adminToken),
        ]
        return PathsResponse(paths: places.map { PathsResponse.Entry(what: $0.0, path: $0.1) })
    }
}
