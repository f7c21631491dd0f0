internal import Index
internal import SyncCore

// Why what the folder's mode does not let through stays as it is, for a person.
extension Folder {
    func reason(_ barred: Verdict.Barred) throws -> String {
        switch barred {
        case .sending(let sending): reason(sending)
        case .receiving(let receiving): try reason(receiving)
        }
    }

    private func reason(_ sending: Verdict.Sending) -> String {
        let mode = index.mode
        return switch sending {
        case .create: "new here; this folder is \(mode.name), so it is not sent"
        case .change(_, _, _, let edit, _):
            "\(edit == nil ? "moved" : "changed") here; this folder is \(mode.name), so it is not sent"
        case .delete where mode.sends: "deleted here; this folder is send-only and sends no deletions"
        case .delete:
            "deleted here; this folder is \(mode.name), so that is not sent; `once --overwrite` brings it back"
        }
    }

    private func reason(_ receiving: Verdict.Receiving) throws -> String {
        let mode = index.mode.name
        switch receiving {
        case .make(let node):
            guard let occupant = try occupant(of: node.location) else {
                return "only at the hub; this folder is \(mode), so it does not come"
            }
            let there = try occupant.node.flatMap { try index.remotePath(of: $0) }
            return "the hub has another one under this name, and this folder is \(mode), so that does not come"
                + (there.map { "; what lies here is '\($0)' there" } ?? "")
        case .change(let local, let synced, let node):
            let isEdited = !node.content.hasSameBytes(as: synced.content)
            guard local.parent.node != node.parent || local.name != node.name,
                let here = try index.path(of: local.entry)
            else { return "changed at the hub; this folder is \(mode), so that does not come" }
            return "lies here as '\(here)'" + (isEdited ? ", and was changed at the hub" : "")
                + "; this folder is \(mode), so it stays \(isEdited ? "as it is" : "there")"
        case .remove: return "deleted at the hub; this folder is \(mode), so it stays here"
        }
    }

    /// Whether something is at the hub and nothing at its place here.
    func isElsewhereOnly(_ receiving: Verdict.Receiving) throws -> Bool {
        guard case .make(let node) = receiving else { return false }
        return try occupant(of: node.location) == nil
    }

    /// What lies here where a node of the hub would.
    private func occupant(of location: Location) throws -> LocalRow? {
        try index.local(of: location.parent).flatMap { try index.child(of: $0.entry, named: location.name) }
    }
}
