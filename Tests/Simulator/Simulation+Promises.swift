import Engine
import Index
import Journal
import SyncCore

extension Simulation {
    func check() throws {
        let share = hub.share.things()
        let journal = try hub.things()
        if share != journal {
            throw Violation(.recordsAreTrue, "the share is not the journal's tree\n\(difference(share, journal))")
        }
        for agent in agents {
            let mine = agent.tree.things()
            if mine != share {
                throw Violation(
                    .convergence, "agent \(agent.number) is not equal to the share\n\(difference(mine, share))")
            }
            if try agent.index.applied != hub.journal.head {
                throw Violation(.recordsAreTrue, "agent \(agent.number): applied is not the head")
            }
            if let sick = try sickness(of: agent) {
                throw Violation(.recordsAreTrue, "agent \(agent.number)'s index: \(sick)")
            }
        }
        try checkGivenBack()
        try checkConflicts()
        try checkReachable()
        let tags = Set(
            share.flatMap { thing in
                thing.content.file.flatMap { contents.bytes(of: $0.digest) }.map(Traces.tags(in:)) ?? []
            })
        try checkKept(tags)
        let gone = traces.gone
        let back = tags.intersection(traces.forgives ? buried : gone)
        if !back.isEmpty {
            throw Violation(.nothingComesBack, "deleted by one, touched by nobody else, and back: \(back.sorted())")
        }
        // From now on not even a backup has a reason to bring it back: nobody's tree has it.
        if mood == .restored { buried.formUnion(gone.subtracting(tags)) }
        if let problem = try hub.journal.check().first { throw Violation(.recordsAreTrue, "journal: \(problem)") }
    }

    /// What no user overwrote or deleted, in the folder where he had it, is at a name, and not only in `versions/` or in a
    /// trash: a deletion of what was there before does not take it along.
    private func checkKept(_ tags: Set<String>) throws {
        let phones = "<\(Phone.number)"
        let lost = traces.written.subtracting(traces.ended).subtracting(tags).filter {
            $0.hasPrefix("<") && !(phone.losesWork && $0.hasPrefix(phones))
        }
        if !lost.isEmpty {
            throw Violation(.nothingVanishes, "nobody overwrote or deleted it, and it is at no name: \(lost.sorted())")
        }
    }

    /// Every content that the hub ever took in is at its name, in a conflict copy or in `versions/`, unless the phone
    /// destroyed it in the share itself.
    private func checkReachable() throws {
        var held = hub.versions.union(phone.destroyed)
        for thing in hub.share.things() { if let file = thing.content.file { held.insert(file.digest) } }
        for record in try hub.journal.history(after: .zero, limit: 100_000) {
            guard let file = record.node.content.file, !held.contains(file.digest) else { continue }
            let bytes = contents.bytes(of: file.digest).map { String(decoding: $0, as: UTF8.self) } ?? "?"
            throw Violation(.noLostBytes, "\(bytes), once at \(record.path), is nowhere")
        }
    }

    private func checkConflicts() throws {
        guard mood == .alone || mood == .turns else { return }
        if let wanted, wanted != hub.share.things() {
            throw Violation(
                .convergence,
                "only one user worked, and the result is not what he made\n\(difference(wanted, hub.share.things()))")
        }
        if let conflict = try hub.journal.openConflicts().first {
            throw Violation(.noUnexplainedConflict, "nothing met, and there is a conflict: \(conflict.copy.name)")
        }
    }

    func difference(_ left: [Thing], _ right: [Thing]) -> String {
        let (a, b) = (Set(left), Set(right))
        return
            (a.subtracting(b).sorted { $0.path < $1.path }.map { "  - \($0)" }
            + b.subtracting(a).sorted { $0.path < $1.path }.map { "  + \($0)" }).joined(separator: "\n")
    }

    /// All three trees must agree where nothing waits.
    private func sickness(of agent: SimulatedAgent) throws -> String? {
        let live = try hub.journal.changes(after: .zero, limit: 100_000).nodes.filter { !$0.isDeleted }
        for node in live {
            guard let subject = try agent.index.subject(of: .node(node.id)) else {
                return "node \(node.id.rawValue) is not known"
            }
            if subject.verdict != .settled { return "node \(node.id.rawValue): \(subject.verdict)" }
            if subject.synced != SyncedState(node) {
                return "node \(node.id.rawValue): synced is \(subject.synced as Any), the hub has \(node)"
            }
        }
        if !(try agent.index.vanished().isEmpty) { return "rows are left that vanished" }
        return nil
    }
}
