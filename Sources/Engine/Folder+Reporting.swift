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
    /// Will never be synced, such as a FIFO.
    package var isSkipped: Bool
}

/// What `unsynced` says.
extension Folder {
    /// What waits, with reasons; at most `limit` of it.
    package func pending(limit: Int) throws -> [Pending] {
        var reasons: [EntryID: String] = [:]
        var byPath: [RelativePath: String] = [:]
        var found: [Pending] = []
        for trouble in try index.troubles(limit: limit) {
            if trouble.isSkipped {
                found.append(Pending(path: trouble.path, isUp: true, bytes: 0, reason: trouble.reason, isSkipped: true))
            } else {
                byPath[trouble.path] = trouble.reason
                if let entry = trouble.entry { reasons[entry] = trouble.reason }
            }
        }
        for key in try index.unsettled(limit: limit) where found.count < limit {
            guard let subject = try index.subject(of: key), var item = try pending(subject) else { continue }
            if item.isUp, let local = subject.local, let reason = sendingTroubles[local.entry] {
                item.reason = reason
                item.bytes = max(item.bytes, local.content?.file?.size ?? 0)
            }
            if !item.isUp, let node = subject.node, let reason = receivingTroubles[node] { item.reason = reason }
            item.reason = subject.local.flatMap { reasons[$0.entry] } ?? byPath[item.path] ?? item.reason
            byPath[item.path] = nil
            found.append(item)
        }
        // Directories that cannot be read have no subject that waits.
        found += byPath.map { Pending(path: $0.key, isUp: true, bytes: 0, reason: $0.value, isSkipped: false) }
        return found.sorted { $0.path < $1.path }
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
        case .settled, .forget, .adopt: return nil
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
        }
    }

    private func here(_ subject: Subject) throws -> RelativePath? {
        if let local = subject.local { return try index.path(of: local.entry) }
        return try subject.node.flatMap { node in try index.remotePath(of: node) }
    }
}
