internal import ControlAPI
internal import HTTPServer
internal import Journal
import SyncCore

// What only looks: status, clients, unsynced, why, log, conflicts, paths.
extension HubDesk {
    /// What a caller may be told of.
    func sight(of caller: Caller) throws -> Sight {
        guard !caller.isAdmin, let name = caller.name else { return .everything }
        return switch try view(of: name) {
        case .everything: .everything
        case .part(_, let path): .part(path, of: name)
        case .lost(let path): .lost(path, of: name)
        }
    }

    func status(_ sight: Sight) throws -> StatusResponse {
        fence.check()
        let statistics = try statistics(sight)
        let head = try head
        let held = heldBatches.count { sight.isOwn($0.client) }
        return StatusResponse(
            hub: StatusResponse.Hub(
                name: name, version: ProductVersion.current, seq: head.rawValue, files: statistics.files,
                bytes: statistics.bytes, share: sight.isEverything ? layout.share : HubLayout.shareOverSFTP,
                blocked: (fence.reason ?? troubleNow).map(sight.told)),
            clients: try allFacts.map { try status(of: $0, head, sight) }
                + [share?.status(head, sight)].compactMap { $0 },
            conflicts: try conflicts(sight).count, held: held == 0 ? nil : held)
    }

    private func statistics(_ sight: Sight) throws -> (files: Int64, bytes: Int64) {
        if sight.isEverything {
            let all = try journal.statistics()
            return (all.files, all.bytes)
        }
        guard let top = try sight.directory.flatMap({ try journal.node(at: $0) }) else { return (0, 0) }
        return try journal.statistics(below: top.id)
    }

    private func status(of client: ClientFacts, _ head: Sequence, _ sight: Sight) throws -> StatusResponse.Client {
        var until: String?
        if case .paused(let end?) = client.pause { until = Timestamp.text(end) }
        let ahead = {
            let list = try self.ahead(of: client).filter { sight.shows($0.path) }
            return (list.count, list.reduce(0) { $0 + $1.bytes })
        }
        let totals = UnsyncedRule.needsJournal(client) ? try ahead() : (0, 0)
        // The one word is for everybody.
        let state = ClientStateRule.state(of: client, head: head)
        let client = sight.seen(client)
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

    func clientList(_ sight: Sight) throws -> [ClientMessage] {
        let head = try head
        return clients.values.sorted { $0.record.name < $1.record.name }.map { client in
            let facts = facts(client)
            return ClientMessage(
                name: facts.name, kind: facts.kind, role: client.record.role.rawValue,
                state: ClientStateRule.state(of: facts, head: head),
                fingerprint: sight.isOwn(facts.name)
                    ? (try? PublicKey(line: client.record.publicKey))?.fingerprint : nil,
                since: Timestamp.text(.seconds(client.record.createdAt)), lastSeen: facts.lastSeen.map(Timestamp.text),
                rotating: !sight.isOwn(facts.name)
                    ? nil : gate.rotations[facts.name].flatMap(\.begunAt).map { Timestamp.text(.seconds($0)) })
        }
    }

    // MARK: - What is not synced

    func unsynced(of name: String?, _ sight: Sight) throws -> [UnsyncedMessage] {
        let ofShare = (share.map { $0.pending + $0.told } ?? []).filter { sight.shows($0.path) }
        if name == Placer.shareClient { return ofShare }
        if let name, clients[name] == nil { throw unknownClient(name) }
        return try (name == nil ? ofShare : [])
            + allFacts.filter { name == nil || $0.name == name }.flatMap { client in
                UnsyncedRule.items(
                    sight.seen(client), ahead: try ahead(of: client).filter { sight.shows($0.path) })
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

    func why(_ request: PathRequest, _ sight: Sight) throws -> WhyResponse {
        let path = try requestedPath(request.path)
        // Of what the caller does not see there is nothing.
        let isSeen = sight.shows(path)
        let waiting = share?.pending.first { (try? wirePath($0.path)).map(path.contains) == true }
        guard !path.isTop, sight.knows(path),
            let answer = WhyRule.answer(
                path, node: isSeen ? try journal.node(at: path) : nil,
                ignored: isSeen ? try share?.ignoring(at: path) : nil,
                clients: allFacts.map(sight.seen),
                share: isSeen ? waiting?.reason : nil,
                conflicts: try openConflicts().filter { sight.shows($0.path) && sight.shows($0.copy) })
        else {
            throw ErrorMessage(
                .unknownPath, "nobody knows '\(path)': it is not in the share, and no client has it waiting")
        }
        return answer
    }

    // MARK: - The past

    func holdLog(_ request: HTTPRequest, _ caller: Caller, _ responder: HTTPResponder) throws -> HTTPResponse? {
        let limit = Int(min(max(try request.number("limit") ?? 100, 1), 10_000))
        // Looked at also where it means nothing: what is no number is refused.
        let time = try request.seconds("wait", limit: settings.longestPoll)
        guard let after = try request.number("after") else {
            return .message(try newestLog(limit: limit, try sight(of: caller)))
        }
        try hold(.log(after: Sequence(after), limit: limit, of: caller), of: caller, for: time, responder)
        return nil
    }

    func log(after: Sequence, limit: Int) throws -> [LogMessage] {
        try journal.history(after: after, limit: limit).map(HubDesk.logMessage)
    }

    /// Looks a little further for what a client of a part may be told.
    func look(_ scan: inout LogScan, _ sight: Sight) throws {
        let records = try journal.history(after: scan.place, limit: HubDesk.logPage)
        guard let last = records.last else { return }
        scan.found += try records.filter { try isSeen($0, sight) }.map { HubDesk.logMessage(sight.seen($0)) }
        scan.place = last.seq
    }

    private func newestLog(limit: Int, _ sight: Sight) throws -> [LogMessage] {
        if sight.isEverything { return try journal.newestHistory(limit: limit).map(HubDesk.logMessage) }
        // Of a long history that is mostly another part's the newest are looked through, not all.
        let records = try journal.newestHistory(limit: HubDesk.logPage * 4)
        return try records.filter { try isSeen($0, sight) }.suffix(limit).map { HubDesk.logMessage(sight.seen($0)) }
    }

    /// Records that are looked through at once.
    private static let logPage = 500

    /// What lies in the part now and lay at that path then: a directory that came into the part tells nothing of before.
    private func isSeen(_ record: HistoryRecord, _ sight: Sight) throws -> Bool {
        guard sight.shows(record.path), let node = try journal.node(record.node.id) else { return false }
        return try journal.path(of: node.id).map(sight.shows) ?? false
    }

    private static func logMessage(_ record: HistoryRecord) -> LogMessage {
        LogMessage(
            seq: record.seq.rawValue, at: Timestamp.text(.seconds(record.at)), client: record.author,
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

    func conflicts(_ sight: Sight) throws -> [ConflictMessage] {
        try journal.openConflicts().compactMap { conflict in
            guard let path = try journal.path(of: conflict.over.id), let copy = try journal.path(of: conflict.copy.id)
            else { return nil }
            guard sight.shows(path), sight.shows(copy) else { return nil }
            return ConflictMessage(
                path: "\(path)", pathB64: WirePath.base64(path.bytes), copy: "\(copy)",
                copyB64: WirePath.base64(copy.bytes), client: conflict.client, at: Timestamp.text(.seconds(conflict.at))
            )
        }
    }

    // MARK: - Places

    func paths(_ sight: Sight) -> PathsResponse {
        // Where things lie on the hub's machine is nothing that a client of a part could use.
        guard sight.isEverything else {
            return PathsResponse(paths: [PathsResponse.Entry(what: "share", path: HubLayout.shareOverSFTP)])
        }
        let places = [
            ("root", layout.root), ("share", layout.share), ("staging", layout.staging), ("versions", layout.versions),
            ("journal", layout.journal), ("configuration", layout.configuration), ("ssh", layout.ssh),
            ("administrator's token", layout.adminToken),
        ]
        return PathsResponse(paths: places.map { PathsResponse.Entry(what: $0.0, path: $0.1) })
    }
}
