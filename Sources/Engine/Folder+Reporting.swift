internal import Index
package import SyncCore

/// Something that is not the same here and at the hub.
package struct Pending: Hashable, Sendable {
    /// Where it is here; of what is to come, where it is at the hub.
    package var path: RelativePath
    /// True for what is to be sent, false for what is to come.
    package var isUp: Bool
    /// Bytes that are to move at most.
    package var bytes: Int64
    /// For a person.
    package var reason: String
    /// Will not be synced as things are: a FIFO, or what the folder's mode does not let through.
    package var isSkipped: Bool
    /// Of what is skipped: at the hub only, in a folder that takes nothing. That is so of much and no news of any, so that it
    /// is an answer and stands in no list.
    package var isElsewhereOnly = false
    /// Not the next thing to do: something has to be otherwise before it goes on, and ``reason`` says what.
    package var isStuck = false

    /// A line of a list that somebody may wait for, or wants to see.
    package init(path: RelativePath, isUp: Bool, bytes: Int64, reason: String, isSkipped: Bool) {
        (self.path, self.isUp, self.bytes) = (path, isUp, bytes)
        (self.reason, self.isSkipped) = (reason, isSkipped)
    }
}

/// What `unsynced` says.
extension Folder {
    /// What waits, with reasons; at most `limit` of it, what never will be synced last.
    package func pending(limit: Int) throws -> [Pending] {
        var reasons: [EntryID: String] = [:]
        var byPath: [RelativePath: String] = [:]
        var found: [Pending] = []
        var skipped: [Pending] = []
        for trouble in try index.troubles(limit: limit) {
            if trouble.isSkipped {
                skipped.append(
                    Pending(path: trouble.path, isUp: true, bytes: 0, reason: trouble.reason, isSkipped: true))
            } else {
                byPath[trouble.path] = trouble.reason
                if let entry = trouble.entry { reasons[entry] = trouble.reason }
            }
        }
        for (path, reason) in try unreadLists().prefix(limit) { byPath[path] = reason }
        for key in try keysToReport(limit) where found.count < limit {
            guard let subject = try index.subject(of: key), var item = try pending(subject) else { continue }
            if item.isSkipped {
                skipped.append(item)
                continue
            }
            if item.isUp, let local = subject.local, sendingTroubles[local.entry] != nil {
                item.bytes = max(item.bytes, local.content?.file?.size ?? 0)
            }
            if item.isUp, let entry = subject.local?.entry, let note = ahead.notes[entry], case .send = subject.verdict
            {
                item.reason = note
                item.bytes = max(item.bytes - (ahead.arrived[entry] ?? 0) - (ahead.there[entry] ?? 0), 0)
            }
            if !item.isUp, let node = subject.node, let note = ahead.coming[node] {
                item.reason = note
                item.bytes = max(item.bytes - (ahead.came[node] ?? 0) - (ahead.here[node] ?? 0), 0)
            }
            let noted = subject.local.flatMap { reasons[$0.entry] } ?? byPath[item.path]
            if let cause = try noted ?? cause(item, key, subject) {
                item.reason = cause
                item.isStuck = true
            }
            byPath[item.path] = nil
            found.append(item)
        }
        // Directories that cannot be read have no subject that waits.
        found += byPath.map { path, reason in
            var item = Pending(path: path, isUp: true, bytes: 0, reason: reason, isSkipped: false)
            item.isStuck = true
            return item
        }
        skipped += try ignored(limit: limit) + excesses()
        let news = skipped.filter { !$0.isElsewhereOnly }
        let rest = news + skipped.filter(\.isElsewhereOnly)
        return (found + rest.prefix(max(limit - found.count, 0))).sorted { $0.path < $1.path }
    }

    /// What can go on comes before what the folder's mode bars, however much that is.
    private func keysToReport(_ limit: Int) throws -> [SubjectKey] {
        if index.mode == .twoWay { return try index.unsettled(limit: limit) }
        let all = try index.unsettledByNews(limit: limit)
        let first = try index.speaking(limit: limit)
        let seen = Set(first)
        return first + all.filter { !seen.contains($0) }
    }

    /// Why something cannot go on by itself, beside what is noted at its path; nil if it can. What says most comes first.
    private func cause(_ item: Pending, _ key: SubjectKey, _ subject: Subject) throws -> String? {
        guard item.isUp else { return subject.node.flatMap { receivingTroubles[$0] } }
        if let reason = try heldReason(key, subject) { return reason }
        if let reason = subject.local.flatMap({ sendingTroubles[$0.entry] }) { return reason }
        if case .send = subject.verdict { return commitTrouble }
        return nil
    }

    private func heldReason(_ key: SubjectKey, _ subject: Subject) throws -> String? {
        guard case .send(let sending) = subject.verdict else { return nil }
        if try index.isHeld(sending, of: key), let batch = try index.batch(of: key) {
            return
                "held: too much was deleted or rewritten at once; batch \(batch) waits for a person, see syncctl held"
        }
        if case .create(let local, _) = sending, try index.isInHeldDirectory(local.parent) {
            return "held: its directory waits for a person, see syncctl held"
        }
        return nil
    }

    private func pending(_ subject: Subject) throws -> Pending? {
        func up(_ bytes: Int64, _ reason: String) throws -> Pending? {
            guard let path = try here(subject) else { return nil }
            return Pending(path: path, isUp: true, bytes: bytes, reason: reason, isSkipped: false)
        }
        func down(_ node: Node, _ bytes: Int64, _ reason: String) throws -> Pending? {
            guard let path = try index.remotePath(of: node.id) ?? here(subject) else { return nil }
            return Pending(path: path, isUp: false, bytes: bytes, reason: reason, isSkipped: false)
        }
        switch subject.verdict {
        case .settled, .forget, .adopt, .ignored: return nil
        case .unruled: return try waiting(subject)
        case .settling: return try up(0, "settling: still being written, or changed just now")
        case .hash: return try up(0, "waiting to be read")
        case .send(.create(_, let content)): return try up(content.size, "new here, waiting to be sent")
        case .send(.change(_, _, _, let edit, let moves)):
            return try up(
                edit?.size ?? 0,
                edit == nil && moves ? "moved here, waiting to be told" : "changed here, waiting to be sent")
        case .send(.delete): return try up(0, "deleted here, waiting to be told")
        case .receive(.make(let node)): return try down(node, node.content.size, "new at the hub, waiting to come")
        case .receive(.change(_, let synced, let node)):
            let same = node.content.hasSameBytes(as: synced.content)
            return try down(node, same ? 0 : node.content.size, "changed at the hub, waiting to come")
        case .receive(.remove(_, _, let node)): return try down(node, 0, "deleted at the hub, waiting to go")
        case .release(let local):
            return try up(local.content?.size ?? 0, "changed here and at the hub, waiting to be told apart")
        case .discard(let local): return try up(local.content?.size ?? 0, "only here, waiting to go into the trash")
        case .barred(let barred):
            var item: Pending?
            switch barred {
            case .sending(let sending): item = try up(sending.size, reason(barred))
            case .receiving(let receiving):
                item = try down(receiving.node, receiving.node.content.size, reason(barred))
                item?.isElsewhereOnly = try isElsewhereOnly(receiving)
            }
            item?.isSkipped = true
            return item
        }
    }

    private func waiting(_ subject: Subject) throws -> Pending? {
        let there = try subject.node.flatMap { node in try index.remotePath(of: node) }
        guard let path = try here(subject) ?? there else { return nil }
        let reason = try unreadRules(for: path) ?? there.flatMap { try unreadRules(for: $0) }
        var item = Pending(
            path: path, isUp: subject.unruled.sending, bytes: 0,
            reason: reason ?? "it waits, since rules that may ignore it cannot be read", isSkipped: false)
        item.isStuck = true
        return item
    }

    private func here(_ subject: Subject) throws -> RelativePath? {
        if let local = subject.local { return try index.path(of: local.entry) }
        return try subject.node.flatMap { node in try index.remotePath(of: node) }
    }
}

extension Verdict.Sending {
    /// Bytes that would move.
    var size: Int64 {
        switch self {
        case .create(_, let content): content.size
        case .change(_, _, _, let edit, _): edit?.size ?? 0
        case .delete: 0
        }
    }
}

extension Verdict.Receiving {
    /// As the hub has it.
    var node: Node {
        switch self {
        case .make(let node), .change(_, _, let node), .remove(_, _, let node): node
        }
    }
}
