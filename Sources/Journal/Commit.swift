internal import SQLite
import SyncCore

/// One commit while it is decided: lives inside one transaction.
struct Commit {
    let journal: Journal
    let client: String
    let at: Int64
    let origin: CommitOrigin
    let staged: [OperationID: StagedContent]
    private(set) var rules: MergeRules<Journal>
    /// Which device made the change of the share that is decided; nil where that is not known. It stands in the history and in
    /// conflict names; whatever is counted or kept for a client is the share's.
    var device: String? {
        didSet {
            if device != oldValue { rules = MergeRules(tree: journal, client: author, date: date) }
        }
    }
    private let date: String
    var ledger: Ledger
    /// In the order in which they were decided.
    var placements: [Placement] = []
    /// Of directories, as they are now.
    private var paths: [NodeID: RelativePath] = [.root: .top]
    /// What lies in the share otherwise than decided.
    var deviations: [Deviation] = []
    /// What the guard knows; nil where it does not look.
    var watched: GuardWatch?
    /// Private files of what was held.
    var held: Set<String> = []
    /// No operation above this number was decided before.
    private var decidedUpTo: Int64
    /// Outcomes of operations up to this number were taken in.
    private let acknowledgedUpTo: Int64
    /// See ``Journal/commit(client:operations:acknowledged:staged:at:date:origin:guardedBy:announced:moment:devices:mayNameOld:)``.
    private let mayNameOld: Bool
    /// What was inserted last, as it is.
    var lastInserted: Node?
    /// What operations made whose outcomes are not kept.
    var made: [OperationID: NodeID] = [:]

    /// - Parameters:
    ///   - decidedUpTo: no operation above this number was decided before.
    ///   - acknowledgedUpTo: outcomes of operations up to this number were taken in.
    init(
        journal: Journal, client: String, at: Int64, date: String, origin: CommitOrigin,
        staged: [OperationID: StagedContent], decidedUpTo: Int64 = .max, acknowledgedUpTo: Int64 = 0,
        mayNameOld: Bool = true
    ) throws {
        self.decidedUpTo = decidedUpTo
        self.acknowledgedUpTo = acknowledgedUpTo
        self.mayNameOld = mayNameOld
        self.journal = journal
        self.client = client
        self.at = at
        self.origin = origin
        self.staged = staged
        self.date = date
        rules = MergeRules(tree: journal, client: client, date: date)
        ledger = try journal.ledger()
    }

    /// Whose the change is that is decided, for people.
    var author: String { device ?? client }

    mutating func decide(_ operation: Operation) throws -> Outcome {
        let isNew = operation.id.number > decidedUpTo
        // The same may come twice in one commit.
        decidedUpTo = max(decidedUpTo, operation.id.number)
        if !isNew, let recorded = try journal.recordedOutcome(of: operation.id, client: client) {
            guard try journal.wasAsked(operation, client: client) else {
                throw JournalError.otherOperation(operation.id)
            }
            return recorded
        }
        guard operation.id.number > acknowledgedUpTo else { throw JournalError.acknowledgedBefore(operation.id) }
        if let outcome = try hold(operation) { return outcome }
        let outcome = try carryOut(operation.change, operation.id)
        if outcome != .contentMissing { try journal.record(outcome, of: operation, client: client) }
        return outcome
    }

    /// By the merge rules; what is answered is not kept.
    mutating func carryOut(_ change: Change, _ operation: OperationID) throws -> Outcome {
        let parent = try parent(of: change)
        let asked = try origin == .share ? Asked(change, parent: parent, journal) : nil
        let decision = try rules.decide(change, parent: parent)
        if try goesTooDeep(decision.effects) {
            let outcome = Outcome.refused(.tooDeep, current: try change.node.map { try node($0) })
            if let asked { compare(asked, outcome) }
            return outcome
        }
        guard try hasBytes(for: decision.effects, operation) else { return .contentMissing }
        var inserted: NodeID?
        for effect in decision.effects {
            if let id = try apply(effect, inserted: inserted, staged: staged[operation], asked: asked) {
                inserted = id
            }
        }
        let outcome = try outcome(decision.answer, inserted: inserted)
        if let asked { compare(asked, outcome) }
        return outcome
    }

    /// Writes down what the commit has counted.
    mutating func end() throws {
        try placeDeviations()
        try journal.save(ledger)
    }

    // MARK: - Before

    func parent(of change: Change) throws -> NodeID? {
        switch change {
        case .create(let parent, _, _), .move(_, _, let parent, _):
            switch parent {
            case .node(let id): id
            case .created(let operation): try made[operation] ?? journal.outcomeNode(of: operation, client: client)
            }
        case .edit, .delete: nil
        }
    }

    /// Whether each file's bytes that the effects show for the first time can be had.
    private func hasBytes(for effects: [Effect], _ operation: OperationID) throws -> Bool {
        if origin == .share || staged[operation] != nil { return true }
        return try effects.allSatisfy { effect in
            switch effect {
            case .insert(_, let content): content.kind != .file
            case .rewrite(let id, let content):
                try content.kind != .file || journal.node(id)?.content.hasSameBytes(as: content) ?? false
            case .revive(let id, _, let content):
                try journal.holds(content)
                    && (mayNameOld || journal.node(id)?.content.hasSameBytes(as: content) ?? false)
            case .relocate, .remove, .conflict: true
            }
        }
    }

    // MARK: - After

    private func outcome(_ answer: Decision.Answer, inserted: NodeID?) throws -> Outcome {
        switch answer {
        case .applied(let target): .applied(try node(target, inserted))
        case .merged(let id): .merged(try node(id))
        case .conflict(let current, let copy):
            .conflict(current: try node(current), copy: try node(copy, inserted))
        case .refused(let reason, let current): .refused(reason, current: try current.map { try node($0) })
        }
    }

    func node(_ target: Target, _ inserted: NodeID?) throws -> Node {
        switch target {
        case .node(let id): return try node(id)
        case .inserted:
            guard let inserted else { preconditionFailure("a decision speaks of a node that it does not insert") }
            if let lastInserted, lastInserted.id == inserted { return lastInserted }
            return try node(inserted)
        }
    }

    /// A node that a decision speaks of, and which therefore exists.
    func node(_ id: NodeID) throws -> Node {
        guard let node = try journal.node(id) else {
            throw JournalError.damaged("node \(id.rawValue) is referred to and is not there")
        }
        return node
    }

    // MARK: - Paths

    /// Of a place in the tree as it is now.
    mutating func path(of location: Location) throws -> RelativePath {
        try path(ofDirectory: location.parent).appending(location.name)
    }

    private mutating func path(ofDirectory id: NodeID) throws -> RelativePath {
        if let known = paths[id] { return known }
        guard let path = try journal.path(of: id) else {
            throw JournalError.damaged("directory \(id.rawValue) is referred to and is not there")
        }
        paths[id] = path
        return path
    }

    /// After a directory went elsewhere, all that was known of what is below it is wrong.
    mutating func forgetPaths() { paths = [.root: .top] }
}
