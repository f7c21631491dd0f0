internal import Index
package import SyncCore

/// One line of what a pass would do.
package struct PlanItem: Hashable, Sendable {
    /// What, which way and how much.
    package var act: PlannedAct
    /// Where it is, or will be, below the folder.
    package var path: RelativePath
    /// Of a move: where it is before, on the side that is changed.
    package var from: RelativePath?
    /// For a person; nil where the deed says all.
    package var reason: String?
}

/// What a pass would do, without doing it.
extension Folder {
    /// By path, moves of one thing before its edit. Complete once everything was looked at, hashed and received.
    package func plan() throws -> [PlanItem] {
        var plan = Plan()
        for trouble in try index.troubles(limit: Int(Int32.max)) {
            plan.reasons[trouble.path] = trouble.reason
            plan.add(PlannedAct(up: trouble.isSkipped ? .skip : .wait), trouble.path, reason: trouble.reason)
        }
        for (path, reason) in try unreadLists() where plan.reasons.updateValue(reason, forKey: path) == nil {
            plan.add(PlannedAct(up: .wait), path, reason: reason)
        }
        try index.everyUnsettled { key in
            guard let subject = try index.subject(of: key) else { return }
            try foresee(subject, into: &plan)
        }
        return plan.items
    }

    /// Takes the steps that need neither the hub nor the disk, and that others follow from. Not without the intent to go on.
    package func prepareToOverwrite() throws {
        try overwrite()
        for _ in 0..<3 { _ = try index.transaction { try readyToSend(limit: .max) } }
    }

    private func foresee(_ subject: Subject, into plan: inout Plan) throws {
        let here = try subject.local.flatMap { local in try index.path(of: local.entry) }
        let there = try subject.node.flatMap { node in try index.remotePath(of: node) }
        if case .receive(let receiving) = subject.verdict, let there, let obstacle = try obstacle(to: receiving) {
            return plan.add(PlannedAct(down: .wait), there, reason: obstacle)
        }
        if case .barred(.receiving(let receiving)) = subject.verdict, try isElsewhereOnly(receiving) { return }
        if case .receive(.make(let node)) = subject.verdict, let there { plan.coming[there] = node.content }
        if case .send(.create(_, let content)) = subject.verdict, let here { plan.going[here] = content }
        for act in subject.plan {
            // What goes here goes from where it lies here.
            let isHere = act.isUp || act.deed == .delete
            guard let path = isHere ? here ?? there : there ?? here else { continue }
            if plan.reasons[path] != nil, act.deed == .wait { continue }
            let from = act.deed != .move ? nil : act.isUp ? there : here
            plan.add(act, path, from: from, reason: try reason(subject.verdict))
        }
    }

    /// What the pass would find in the way of something that is to come, or to move.
    private func obstacle(to receiving: Verdict.Receiving) throws -> String? {
        switch receiving {
        case .make(let node): return try obstacle(to: node)
        case .change(let local, _, let node):
            return local.parent.node == node.parent && local.name == node.name ? nil : try obstacle(to: node)
        case .remove: return nil
        }
    }

    private func reason(_ verdict: Verdict) throws -> String? {
        switch verdict {
        case .settling: "still being written, or changed just now"
        case .unruled: "rules that may ignore it cannot be read"
        case .hash: "waiting to be read"
        case .barred(let barred): try reason(barred)
        case .release: "it was changed here too; what lies here stays beside it"
        case .discard: "what lies here goes into the trash"
        default: nil
        }
    }
}

/// A plan while it is made.
private struct Plan {
    private var found: [PlanItem] = []
    var reasons: [RelativePath: String] = [:]
    /// New at the hub, and new here: what meets under one path.
    var coming: [RelativePath: Content] = [:]
    var going: [RelativePath: Content] = [:]

    mutating func add(_ act: PlannedAct, _ path: RelativePath, from: RelativePath? = nil, reason: String? = nil) {
        found.append(PlanItem(act: act, path: path, from: from, reason: reason))
    }

    /// With what is new on both sides under one path decided as the hub will: the same is merged, the rest is a conflict.
    var items: [PlanItem] {
        found.compactMap { item in
            guard item.act.deed == .create, let mine = going[item.path], let theirs = coming[item.path] else {
                return item
            }
            if mine.hasSameBytes(as: theirs) { return nil }
            var item = item
            if item.act.isUp { item.act.deed = .conflict }
            return item
        }.enumerated().sorted { ($0.element.path, $0.offset) < ($1.element.path, $1.offset) }.map(\.element)
    }
}
