import Journal
import SyncCore

/// What can be seen to be broken at the hub at once.
extension SimulatedHub {
    /// Before the answer goes out.
    func check(
        _ request: Request, _ outcomes: [Outcome], wasRepeated: Bool, grewFrom before: Sequence, to head: Sequence
    ) {
        for (operation, outcome) in zip(request.operations, outcomes) {
            // What was held is answered late.
            if case .held? = answered[operation.id]?.outcome { answered[operation.id] = nil }
            if let first = answered[operation.id], first.outcome != outcome {
                complain(.replayIsHarmless, "\(operation.id) was \(first.outcome), and repeated it is \(outcome)")
            }
            if case .contentMissing = outcome { continue }
            answered[operation.id] = Answered(outcome: outcome, head: head)
            // What hangs on it comes in another order, and meets its client's own.
            if case .held = outcome { forgives.insert(request.client) }
            if case .conflict(let current, let copy) = outcome {
                explain(operation, current, copy, request.client, wasRepeated)
            }
        }
        if wasRepeated, !request.operations.isEmpty, head != before {
            complain(.replayIsHarmless, "a commit that was repeated changed something")
        }
    }

    /// Edits and deletions of bytes that their client has not seen: none may replace the other.
    func editsOfUnseen(_ request: Request) throws -> [OperationID: Node] {
        var found: [OperationID: Node] = [:]
        for operation in request.operations
        where try journal.recordedOutcome(of: operation.id, client: request.client) == nil {
            if case .delete(let id, let base, _) = operation.change, let now = try journal.node(id), !now.isDeleted,
                base != now.contentVersion, let seen = try journal.content(of: id, at: base),
                now.content.differs(from: seen)
            {
                found[operation.id] = now
            }
            guard case .edit(let id, let base, let mine) = operation.change, let now = try journal.node(id),
                !now.isDeleted, base != now.contentVersion, let seen = try journal.content(of: id, at: base),
                now.content.differs(from: seen), now.content.differs(from: mine), mine.differs(from: seen)
            else { continue }
            found[operation.id] = now
        }
        return found
    }

    func check(_ edits: [OperationID: Node], _ outcomes: [Outcome], of request: Request) {
        for (operation, outcome) in zip(request.operations, outcomes) {
            guard let unseen = edits[operation.id] else { continue }
            if case .applied = outcome {
                let what = "\(request.client) replaces or deletes \(unseen.name)"
                complain(.noSilentOverwrite, "\(what), which it had not seen")
            }
        }
    }

    /// Two changes that met: somebody else had a hand in what holds the name; and their bytes differ. Where a copy of a conflict
    /// that is explained holds the name, it has it from the hub, and not from whoever's the copy is.
    private func explain(
        _ operation: Operation, _ current: Node, _ copy: Node, _ client: String, _ wasRepeated: Bool
    ) {
        if wasRepeated { return }
        if !current.content.differs(from: copy.content) {
            complain(.equalEditsAgree, "\(current.name) and \(copy.name) hold the same")
        }
        // A move takes along whatever bytes the node has by then.
        if operation.change.content != nil, !forgives.contains(client), !isWork(copy.content, client) {
            complain(
                .noUnexplainedConflict,
                "\(copy.name) holds what \(client)'s user never had in hand: the engine's own work")
        }
        var hands = hands(in: current.id)
        if let deleter = whoDeleted(copy) { hands.insert(deleter) }
        let isExplained = hands.contains { $0 != client } || isNamedByHub(current)
        if !isExplained, !forgives.contains(client) {
            complain(.noUnexplainedConflict, "\(copy.name) is \(client)'s, and so is all of \(current.name)")
        }
        if isExplained { namedByHub[copy.id] = copy.location }
    }

    /// Whether the hub chose the name, or that of a directory above it: two directories of one client may have met there.
    private func isNamedByHub(_ node: Node) -> Bool {
        var next: Node? = node
        while let current = next {
            if namedByHub[current.id] == current.location { return true }
            next = current.parent == .root ? nil : (try? journal.node(current.parent)) ?? nil
        }
        return false
    }

    /// Who ever changed a node; a directory stays for the sake of what somebody has put into it, however deep.
    private func hands(in node: NodeID) -> Set<String> {
        var (hands, visited): (Set<String>, Set<NodeID>) = ([], [])
        var queue = [node]
        while let next = queue.popLast() {
            hands.formUnion(((try? journal.history(of: next, limit: 1_000)) ?? []).map(\.client))
            visited.insert(next)
            queue += ((try? journal.children(of: next)) ?? []).map(\.id)
        }
        // What was in it when it was to go, and has gone since.
        for record in (try? journal.history(after: .zero, limit: 100_000)) ?? []
        where visited.contains(record.node.parent) {
            hands.insert(record.client)
        }
        return hands
    }

    /// Of a node that has just come back, beside what has taken its name.
    private func whoDeleted(_ node: Node) -> String? {
        let past = ((try? journal.history(of: node.id, limit: 1_000)) ?? []).sorted { $0.seq < $1.seq }
        guard past.last?.change == .revive else { return nil }
        return past.last { $0.change == .delete }?.client
    }

    /// After a start: what was answered is still so.
    func checkAnswered() throws {
        let head = try journal.head
        for (id, answer) in answered {
            if answer.head > head {
                complain(.answeredIsDurable, "\(id) was answered at \(answer.head.rawValue), the head is \(head)")
            }
            guard let node = answer.outcome.result, let now = try journal.node(node.id) else { continue }
            if now.contentVersion < node.contentVersion || now.locationVersion < node.locationVersion {
                complain(.answeredIsDurable, "\(id) made \(node), and the journal has \(now)")
            }
        }
    }

    /// Nobody is ever told of bytes that are not whole.
    func examineHistory() throws {
        for record in try journal.history(after: examined, limit: 10_000) {
            examined = record.seq
            guard let file = record.node.content.file, !record.node.isDeleted else { continue }
            if pieces.contains(file.digest) {
                complain(.nothingHalfWritten, "\(record.path) is taken in while it is being written")
            }
            if contents.isTorn(file.digest) { complain(.nothingHalfWritten, "\(record.path) has bytes that are torn") }
        }
    }
}

extension Content {
    /// Other bytes, as the simulator compares them: not with the code that is being tried.
    fileprivate func differs(from other: Content) -> Bool {
        switch (self, other) {
        case (.file(let mine), .file(let other)): mine.digest != other.digest
        case (.symlink(let mine, _), .symlink(let other, _)): mine != other
        default: kind != other.kind
        }
    }
}

extension Outcome {
    /// What the operation's node is.
    var result: Node? {
        switch self {
        case .applied(let node), .merged(let node), .conflict(_, copy: let node): node
        case .refused(_, let node): node
        case .contentMissing, .held: nil
        }
    }
}
