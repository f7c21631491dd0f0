internal import Index
package import SyncCore

// What the hub holds until a person decides: passed over while it is here as it was sent, told anew when its user has
// changed something about it, and settled by the answer that comes late.
extension Folder {
    /// Whether a subject has nothing to say now, since the hub holds what it said.
    func passOver(_ key: SubjectKey, _ subject: Subject) throws -> Bool {
        switch subject.verdict {
        case .send(let sending):
            if try index.isHeld(sending, of: key) {
                // Not looked at again until something about it changes.
                if let node = subject.node { try index.setReceiving(node) }
                return true
            }
            guard case .create(let local, _) = sending else { return false }
            return try bindRestored(local)
        case .hash, .settling, .barred, .ignored, .unruled, .release, .discard: return false
        case .settled, .forget, .adopt, .receive:
            guard subject.local != nil, subject.synced != nil, let node = subject.node,
                try !index.held(of: .node(node)).isEmpty
            else { return false }
            undone.append(node)
            return true
        }
    }

    /// What comes back under the name that a deletion would have freed, and that is held, is the same node: while a name
    /// exists, identity stays with the name.
    /// - Returns: whether the entry is a node now, which is looked at in its turn.
    private func bindRestored(_ local: LocalState) throws -> Bool {
        if local.parent.node == nil, let parent = try index.local(local.parent.entry), parent.node == nil,
            let subject = try index.subject(of: .entry(parent.entry)), let directory = subject.local
        {
            _ = try bindRestored(directory)
        }
        guard let directory = try index.local(local.parent.entry)?.nodeForChildren ?? local.parent.node,
            let node = try index.syncedNode(at: Location(parent: directory, name: local.name)),
            try index.local(of: node) == nil, try index.synced(node)?.content.kind == local.kind,
            try index.held(of: .node(node)).contains(where: { $0.verb == .delete }),
            var row = try index.local(local.entry)
        else { return false }
        row.node = node
        row.alias = nil
        try index.update(row)
        try index.markSettled(.entry(local.entry))
        try index.markUnsettled(.node(node))
        return true
    }

    /// Answers to what was held, in the order in which the hub gave them.
    /// - Returns: false if one is about the commit in flight, whose own answer comes first; those from there on are not
    ///   taken in.
    @discardableResult
    package func take(late outcomes: [(id: Int64, number: Int64, outcome: Outcome)]) throws -> Bool {
        try index.transaction {
            for (id, number, outcome) in outcomes where try id > index.late {
                if try index.inflight(number) != nil { return false }
                guard let sent = try index.held(number) else {
                    try index.skipLate(id)
                    continue
                }
                try index.dropHeld(sent, late: id)
                try absorb(outcome, of: sent, isOvertaken: true)
            }
            return true
        }
    }

    /// How much is to be deleted and rewritten. Of much, every tenth commit counts.
    func announce(_ commit: Commit) throws -> AnnouncedChanges {
        guard commit.items.contains(where: { $0.inflight.verb == .delete || $0.inflight.verb == .edit }) else {
            return AnnouncedChanges()
        }
        if counted.commits > 0 {
            counted.commits -= 1
        } else {
            let changes = try index.announcement()
            counted = (changes, changes.count > 20_000 ? 9 : 0)
        }
        return counted.changes
    }
}
