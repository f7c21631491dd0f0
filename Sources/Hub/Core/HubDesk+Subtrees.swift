internal import ControlAPI
internal import Journal
import SyncCore

/// What a client sees of the share at this moment.
enum ClientView {
    case everything
    case part(SubtreeView, path: RelativePath)
    /// The directory that it maps is gone: it is held still, so that nothing is deleted.
    case lost(path: RelativePath)

    /// An outcome as the client knows its nodes.
    func outward(_ outcome: Outcome) -> Outcome {
        if case .part(let part, _) = self { part.outward(outcome) } else { outcome }
    }

    /// Below the share; nil for all of it.
    var path: RelativePath? {
        switch self {
        case .everything: nil
        case .part(_, let path), .lost(let path): path
        }
    }
}

// Clients that map a part of the share.
extension HubDesk {
    /// A directory keeps its id wherever it goes. When it is gone, another one at its last path stands for it from now on; to
    /// the client that is a journal that it does not know, so it merges as if new, and deletes nothing.
    func findSubtrees() throws {
        for (name, client) in clients where client.record.revokedAt == nil {
            guard let subtree = client.record.subtree, case .lost(let path) = try view(of: name),
                let other = try journal.node(at: path), other.content.isDirectory, other.id != subtree.node
            else { continue }
            hubLog.warning("subtree_made_again", ["client": name, "path": path])
            try journal.setSubtree(of: name, to: other.id)
            toldOld[name] = nil
            clients[name]?.record.cursor = .zero
            clients[name]?.forgetReport()
            clients[name]?.record.subtree?.node = other.id
        }
    }

    /// Writes down where each part is, or was last. Afterwards the journal may forget that a directory was deleted: what stands at a
    /// path that it has left long ago is somebody else's.
    func keepPartPaths() throws {
        var isOther = false
        // Also for those that could be written down before one that could not.
        defer { if isOther { keepClientsFile() } }
        for (name, client) in clients where client.record.revokedAt == nil {
            guard let subtree = client.record.subtree, let path = try journal.path(of: subtree.node),
                path != subtree.path,
                !path.isTop
            else { continue }
            try journal.setSubtreePath(of: name, path)
            clients[name]?.record.subtree?.path = path
            isOther = true
        }
    }

    func view(of name: String) throws -> ClientView {
        guard let subtree = clients[name]?.record.subtree else { return .everything }
        if let node = try journal.node(subtree.node), !node.isDeleted, let path = try journal.path(of: node.id) {
            return .part(SubtreeView(journal, top: node.id), path: path)
        }
        let last = try journal.path(of: subtree.node) ?? subtree.path
        return .lost(path: last)
    }

    /// The journal's epoch as a client is told it: with another directory for a root it is another journal.
    func epoch(of name: String) -> String {
        clients[name]?.record.subtree.map { HelloResponse.epoch(journal.epoch, part: $0.node.rawValue) }
            ?? journal.epoch
    }

    /// Why a client is to hold still, in the words of the API; nil when it may go on.
    func standstill(of name: String) throws -> PauseMessage? {
        let pause = clients[name]?.pause(at: clock.now()) ?? .none
        guard case .lost(let path) = try view(of: name) else { return pause.message }
        var message = pause.message ?? PauseMessage(until: nil)
        message.blocked = HubDesk.lost(path)
        return message
    }

    /// - Throws: while the client is to hold still.
    func checkMayGoOn(_ name: String) throws {
        guard let standstill = try standstill(of: name) else { return }
        throw ErrorMessage(
            .paused,
            standstill.blocked ?? "'\(name)' is paused; it goes on with: syncctl resume \(name)")
    }

    /// A commit's operations as the journal is to be asked.
    func admit(_ operations: [Operation], of name: String) throws -> Admitted {
        guard case .part(var part, _) = try view(of: name) else { return Admitted(operations: operations) }
        var admitted = Admitted(operations: [], view: part)
        for operation in operations {
            switch try part.admit(operation.change, of: name) {
            case .success(let change):
                admitted.operations.append(Operation(id: operation.id, change: change))
                admitted.refused.append(nil)
            case .failure(let refused): admitted.refused.append(refused.outcome)
            }
        }
        return admitted
    }

    static let otherRoot = ErrorMessage(
        .otherEpoch, "another directory stands for the part that this client maps: merge with it as if new")

    static func lost(_ path: RelativePath) -> String {
        "the directory '\(path)', which this client maps, is gone from the share; nothing is deleted in its folder, and it goes "
            + "on when there is a directory at that path again"
    }

    /// The part of the share that somebody asks for at a join, or is invited to.
    /// - Parameter allowed: what the invite says; nil for everything.
    func subtree(at text: String?, within allowed: RelativePath? = nil) throws -> Subtree? {
        guard let path = try text.map(requestedPath) ?? allowed else { return nil }
        if let allowed, !allowed.contains(path) {
            let asked = path.isTop ? "the whole share" : "'\(path)'"
            throw ErrorMessage(.forbidden, "this invite is for '\(allowed)' only; \(asked) is not in it")
        }
        guard !path.isTop else { return nil }
        guard let node = try journal.node(at: path), node.content.isDirectory else {
            throw ErrorMessage(
                .unknownPath,
                "there is no directory '\(path)' in the share; make it first, in a folder that is synced or over SFTP")
        }
        return Subtree(path: path, node: node.id)
    }
}

/// The operations of a commit that the journal is asked about, and how its answers become the client's.
struct Admitted {
    var operations: [Operation]
    /// For each operation of the commit the answer that needs no journal; empty if all are asked as they are.
    var refused: [Outcome?] = []
    var view: SubtreeView?

    init(operations: [Operation], view: SubtreeView? = nil) {
        self.operations = operations
        self.view = view
    }

    /// One for each operation of the commit, in its order; nil for one that is refused without asking.
    var asked: [Operation?] {
        guard view != nil else { return operations }
        var rest = operations[...]
        return refused.map { $0 == nil ? rest.popFirst() : nil }
    }

    /// One for each operation of the commit, in its order.
    func outcomes(_ decided: [Outcome]) -> [Outcome] {
        guard let view else { return decided }
        var rest = decided[...]
        return refused.compactMap { $0 ?? rest.popFirst().map(view.outward) }
    }
}

extension ClientFacts {
    /// Whether a path of the share is any business of this client's.
    func maps(_ path: RelativePath) -> Bool { subtree?.contains(path) ?? true }

    /// The client says paths as its folder has them; the share's are longer.
    mutating func setSubtree(_ path: RelativePath) {
        subtree = path
        guard var report else { return }
        let prefix = Escaping.text(path.bytes)
        report.pending = report.pending.map { item in
            var item = item
            item.path = item.path.isEmpty ? prefix : prefix + "/" + item.path
            return item
        }
        self.report = report
    }
}
