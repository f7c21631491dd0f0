internal import SQLite
import SyncCore

/// What the guard knows of a client while one commit of it is decided.
struct GuardWatch {
    var time: GuardTime
    /// The batch to which more is added.
    var batch: Int64?
    /// Whether deletions and rewrites are held.
    var isTripped = false
    /// Whether rewrites are not, since a person has rejected deletions only.
    var sparesRewrites = false
    /// Whether what passes is counted.
    var isCounting = false
    /// Whether anything of the client is held, now or before.
    var holdsSomething: Bool
}

extension Commit {
    /// Counts what the commit is about to do, with what the client did within the window and what it announces: does the
    /// guard trip?
    mutating func watch(
        _ operations: [Operation], _ rule: MassChangeGuard, _ announced: AnnouncedChanges, at moment: Int64
    ) throws {
        let holdsSomething = try journal.holdsSomething(of: client)
        guard rule.percent > 0 || holdsSomething else { return }
        let time = try journal.guardTime(rule, at: moment)
        var watch = GuardWatch(time: time, holdsSomething: holdsSomething)
        watched = watch
        defer { watched = watch }
        guard rule.percent > 0 else { return }
        switch try journal.guardVerdict(on: client, time) {
        case .arriving(let batch, let spares):
            (watch.isTripped, watch.batch, watch.sparesRewrites) = (true, batch, spares)
        case .rejected(let rewrites): (watch.isTripped, watch.sparesRewrites) = (true, !rewrites)
        case .approved: return
        case .none: break
        }
        watch.isCounting = !watch.isTripped || watch.sparesRewrites
        guard watch.isCounting, try areTooMany(operations, rule, announced, time) else { return }
        (watch.isTripped, watch.sparesRewrites) = (true, false)
    }

    private func areTooMany(
        _ operations: [Operation], _ rule: MassChangeGuard, _ announced: AnnouncedChanges, _ time: GuardTime
    ) throws -> Bool {
        let names = try names(in: operations)
        guard !names.isEmpty else { return false }
        return try journal.trips(names, announced: announced.count, of: client, rule, time)
    }

    /// Under which names operations that come for the first time delete or rewrite something.
    private func names(in operations: [Operation]) throws -> Set<RelativePath> {
        var names: Set<RelativePath> = []
        for operation in operations {
            // What is made takes nothing away.
            guard let node = operation.change.node,
                try journal.recordedOutcome(of: operation.id, client: client) == nil,
                try weight(of: operation.change) != nil, let path = try journal.path(of: node)
            else { continue }
            names.insert(path)
        }
        return names
    }

    /// Nil if a change deletes nothing and rewrites nothing, or only what this client made within the window.
    private func weight(of change: Change) throws -> HeldOperation.Weight? {
        guard let id = change.node, let node = try journal.node(id), !node.isDeleted else { return nil }
        switch change {
        case .create, .move: return nil
        case .delete:
            let decision = try rules.decide(change, parent: nil)
            guard decision.effects == [.remove(id)] || decision.answer == .refused(.notEmpty, current: id) else {
                return nil
            }
            return try isOwn(id) ? nil : .deletes
        case .edit:
            let decision = try rules.decide(change, parent: nil)
            guard case .rewrite(_, let content)? = decision.effects.first, !content.hasSameBytes(as: node.content)
            else {
                return nil
            }
            return try isOwn(id) ? nil : .rewrites
        }
    }

    /// Whether a client takes away what it has made within the window, and not in the place of what it had taken away before.
    private func isOwn(_ id: NodeID) throws -> Bool {
        guard let time = watched?.time, try journal.wasMade(id, by: client, after: time.made) else { return false }
        return try journal.path(of: id).map { try !journal.isGuardDone($0, by: client, time) } ?? true
    }

    /// Holds an operation if it has to be; nil if it is to be carried out.
    mutating func hold(_ operation: Operation) throws -> Outcome? {
        guard origin == .client, let watched else { return nil }
        if watched.holdsSomething {
            if let batch = try batchThatItHangsOn(operation.change) { return try hold(operation, .hangs, in: batch) }
            if let outcome = try replaceHeld(operation) { return outcome }
        }
        guard let weight = try weight(of: operation.change) else { return nil }
        guard watched.isTripped, !(watched.sparesRewrites && weight == .rewrites) else {
            if watched.isCounting { try note(operation.change, weight, watched.time) }
            return nil
        }
        let batch =
            try watched.batch
            ?? journal.newBatch(
                of: client, at: at, sparesRewrites: watched.sparesRewrites, watched.time)
        self.watched?.batch = batch
        return try hold(operation, weight, in: batch)
    }

    /// What the guard has let pass counts for the commits that follow within the window.
    private func note(_ change: Change, _ weight: HeldOperation.Weight, _ time: GuardTime) throws {
        guard let id = change.node, let node = try journal.node(id), let path = try journal.path(of: id) else { return }
        if try journal.wasMade(id, by: client, after: time.made) {
            try journal.noteGuardedAgain(path, by: client, time)
        } else {
            try journal.noteGuarded(node, at: path, isDeleted: weight == .deletes, by: client, time)
        }
    }

    /// What goes into a directory whose creation is held, or wants a name that a held change would free.
    private func batchThatItHangsOn(_ change: Change) throws -> Int64? {
        let parent: ParentReference
        let name: Name
        switch change {
        case .create(let reference, let wanted, _): (parent, name) = (reference, wanted)
        case .move(_, _, let reference, let wanted): (parent, name) = (reference, wanted)
        case .edit, .delete: return nil
        }
        if case .created(let operation) = parent,
            case .held(let batch)? = try journal.recordedOutcome(of: operation, client: client)
        {
            return batch
        }
        guard let directory = try self.parent(of: change), let holder = try journal.child(of: directory, named: name),
            holder.id != change.node
        else { return nil }
        return try journal.held(holder.id, of: client).first?.batch
    }

    /// A client's new word about a node takes the place of what is held of it: it stays held, unless the node is to be as
    /// it is.
    private mutating func replaceHeld(_ operation: Operation) throws -> Outcome? {
        guard let id = operation.change.node else { return nil }
        let earlier = try journal.held(id, of: client)
        guard let batch = earlier.first?.batch else { return nil }
        let isMove = if case .move = operation.change { true } else { false }
        // It stays held after the window has closed, too.
        let weight = try isMove ? nil : weight(of: operation.change)
        if weight != nil, lacksBytes(operation) { return .contentMissing }
        for held in earlier where !isMove || held.weight == .deletes { try journal.dropHeld(held) }
        let outcome = try weight.map { try hold(operation, $0, in: batch) }
        if try journal.forgetEmptyBatch(batch), watched?.batch == batch { watched?.batch = nil }
        return outcome
    }

    private mutating func hold(
        _ operation: Operation, _ weight: HeldOperation.Weight, in batch: Int64
    ) throws -> Outcome {
        if lacksBytes(operation) { return .contentMissing }
        let content = staged[operation.id]
        let path = try heldPath(operation.change)
        // What was created before this commit is forgotten with its outcome: the node stands for it.
        let change = try operation.change.inDirectory(parent(of: operation.change))
        try journal.insertHeld(
            Operation(id: operation.id, change: change), weight, content, path, batch: batch, client: client)
        if let content { held.insert(content.name) }
        watched?.holdsSomething = true
        if let time = watched?.time { try journal.extendGuardWindow(of: batch, time) }
        let outcome = Outcome.held(batch: batch)
        try journal.record(outcome, of: operation, client: client)
        return outcome
    }

    private func lacksBytes(_ operation: Operation) -> Bool {
        operation.change.content?.kind == .file && staged[operation.id] == nil
    }

    private mutating func heldPath(_ change: Change) throws -> RelativePath {
        if let id = change.node { return try journal.path(of: id) ?? .top }
        guard case .create(_, let name, _) = change else { return .top }
        guard let parent = try parent(of: change) else { return RelativePath([name]) }
        return try path(of: Location(parent: parent, name: name))
    }
}

extension Change {
    /// With the directory by its id, if that is known.
    fileprivate func inDirectory(_ id: NodeID?) -> Change {
        guard let id else { return self }
        switch self {
        case .create(_, let name, let content): return .create(in: .node(id), name: name, content: content)
        case .move(let node, let base, _, let name): return .move(node, base: base, to: .node(id), name: name)
        case .edit, .delete: return self
        }
    }
}
