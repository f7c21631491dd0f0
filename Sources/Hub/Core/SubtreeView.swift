internal import Journal
import SyncCore

/// A part of the share as the client sees that maps it: its directory is the root, what moves out of it is deleted, with all
/// below it, what moves in is new, with all below it, and what lies outside does not exist. What was where at the time that
/// the client knows of is asked of the history. Used for one answer and forgotten.
struct SubtreeView {
    private let journal: Journal
    /// The directory that is the client's root.
    let top: NodeID
    /// Whether a directory lies in the view, and whether that can ever have been otherwise.
    private var standings: [NodeID: Standing] = [:]

    private struct Standing {
        var isInside: Bool
        /// Neither it nor a directory above it was ever moved.
        var isFixed: Bool
    }

    init(_ journal: Journal, top: NodeID) {
        self.journal = journal
        self.top = top
    }

    // MARK: - Ids

    /// A node as the client knows it.
    func outward(_ node: Node) -> Node {
        var node = node
        if node.parent == top { node.location.parent = .root }
        return node
    }

    /// All that the client may be told of a node that is outside: that it is gone.
    static func gone(_ node: Node, at seq: Sequence) -> Node {
        var gone = node
        gone.location = Location(parent: .root, name: nameOfGone)
        gone.seq = max(seq, node.seq)
        gone.isDeleted = true
        switch node.content {
        case .file(let file):
            // SAFETY: as many bytes as a digest has.
            let digest = Digest(bytes: Array(repeating: 0, count: Digest.size))!
            gone.content = .file(FileContent(digest: digest, size: 0, mode: Mode(file.mode.rawValue), mtime: 0))
        case .directory(let mode): gone.content = .directory(Mode(mode.rawValue))
        case .symlink: gone.content = .symlink(target: Array("gone".utf8), mtime: 0)
        }
        return gone
    }

    private static let nameOfGone = try! Name("gone")  // SAFETY: a constant that is a name.

    // MARK: - What is inside

    /// Whether a node, or a tombstone, lies in the view; the directory itself does not.
    mutating func holds(_ node: Node) throws -> Bool { try node.id != top && standing(node.parent).isInside }

    /// A directory as the client knows it; nil if it lies outside.
    mutating func outward(directory id: NodeID) throws -> NodeID? {
        if id == top { return .root }
        return try standing(id).isInside ? id : nil
    }

    /// The reverse of ``outward(directory:)``.
    mutating func inward(directory id: NodeID) throws -> NodeID? {
        if id == .root { return top }
        return try standing(id).isInside && id != top ? id : nil
    }

    private mutating func standing(_ directory: NodeID) throws -> Standing {
        // Deleted directories may be a long row.
        var row: [Node] = []
        var current = directory
        var standing = Standing(isInside: false, isFixed: false)
        while true {
            if current == top || current == .root {
                standing = Standing(isInside: current == top, isFixed: true)
                break
            }
            if let known = standings[current] {
                standing = known
                break
            }
            guard let node = try journal.node(current) else { break }
            row.append(node)
            current = node.parent
        }
        while let node = row.popLast() {
            standing.isFixed = standing.isFixed && node.locationVersion == .first
            standings[node.id] = standing
        }
        return standing
    }

    /// Where something was in a part of the history.
    private struct Past {
        var wasInside = false
        var wasOutside = false

        static func always(inside: Bool) -> Past { Past(wasInside: inside, wasOutside: !inside) }

        mutating func add(_ other: Past) {
            wasInside = wasInside || other.wasInside
            wasOutside = wasOutside || other.wasOutside
        }

        var isBoth: Bool { wasInside && wasOutside }
    }

    /// Whether a node was ever inside, and ever outside, from the change `first` on: by its own moves, and by those of the
    /// directories that it was in at the time.
    private mutating func past(of node: Node, since first: Sequence) throws -> Past {
        let standing = try standing(node.parent)
        if standing.isFixed, node.locationVersion == .first { return .always(inside: standing.isInside) }
        return try past(of: node.id, from: first, to: Sequence(.max), above: 0)
    }

    private mutating func past(
        ofDirectory id: NodeID, from first: Sequence, to end: Sequence, above: Int
    ) throws -> Past {
        if id == top || id == .root { return .always(inside: id == top) }
        let standing = try standing(id)
        if standing.isFixed { return .always(inside: standing.isInside) }
        // A row of deleted directories that is longer than any could be: it is told that they are gone, if they were known.
        if above > 2 * TreeLimits.directories { return Past(wasInside: true, wasOutside: true) }
        return try past(of: id, from: first, to: end, above: above + 1)
    }

    private mutating func past(
        of id: NodeID, from first: Sequence, to end: Sequence, above: Int
    ) throws -> Past {
        var places = try journal.places(of: id, after: first).filter { $0.seq < end }
        if let before = try journal.location(of: id, at: first) { places.insert((before, first), at: 0) }
        var past = Past()
        for (index, place) in places.enumerated() where !past.isBoth {
            let next = index + 1 < places.count ? places[index + 1].seq : end
            past.add(
                try self.past(ofDirectory: place.location.parent, from: place.seq, to: next, above: above))
        }
        return past
    }

    // MARK: - The feed

    /// A page of the journal's feed as the client is to see it.
    /// - Parameter complete: the `seq` up to which the client once had everything: since then it may know anything.
    mutating func page(_ page: ChangesPage, complete: Sequence) throws -> ChangesPage {
        var told: [NodeID: Node] = [:]
        func tell(_ node: Node) { if told[node.id].map({ $0.seq <= node.seq }) ?? true { told[node.id] = node } }
        for node in page.nodes where node.id != top {
            let isInside = try holds(node)
            // Who knows nothing yet can have nothing to lose, and is told of everything by itself.
            let past = try past(of: node, since: complete)
            if isInside {
                tell(outward(node))
                guard past.wasOutside, node.content.isDirectory, !node.isDeleted else { continue }
                for var below in try journal.descendants(of: node.id) where below.id != top {
                    // Newer than all that the client was told of it while it was outside.
                    below.seq = max(below.seq, node.seq)
                    tell(outward(below))
                }
            } else if past.wasInside {
                tell(SubtreeView.gone(node, at: node.seq))
                guard node.content.isDirectory else { continue }
                for below in try journal.descendants(of: node.id) where try !holds(below) {
                    tell(SubtreeView.gone(below, at: node.seq))
                }
            }
        }
        var page = page
        page.nodes = told.values.sorted { ($0.seq, $0.id) < ($1.seq, $1.id) }
        return page
    }

    /// A page of everything as the client is to see it.
    mutating func page(_ page: SnapshotPage) throws -> SnapshotPage {
        var page = page
        var kept: [Node] = []
        for node in page.nodes where try holds(node) { kept.append(outward(node)) }
        page.nodes = kept
        return page
    }

    // MARK: - Commits

    /// An operation of the client as the journal is asked, or why it is not.
    /// - Parameter client: whose operation it is.
    mutating func admit(_ change: Change, of client: String) throws -> Result<Change, Refused> {
        var node: Node?
        if let id = change.node, id != .root {
            guard let found = try journal.node(id), try holds(found) else {
                return .failure(Refused(outcome: .refused(.unknown, current: nil)))
            }
            node = found
        }
        switch change {
        case .create(let parent, let name, let content):
            guard let parent = try admit(parent, of: client) else {
                return .failure(Refused(outcome: .refused(.orphaned, current: nil)))
            }
            return .success(.create(in: parent, name: name, content: content))
        case .move(let id, let base, let parent, let name):
            guard let parent = try admit(parent, of: client) else {
                return .failure(Refused(outcome: .refused(.orphaned, current: node.map(outward))))
            }
            return .success(.move(id, base: base, to: parent, name: name))
        case .edit, .delete: return .success(change)
        }
    }

    /// What the hub answers without asking the journal.
    struct Refused: Error {
        var outcome: Outcome
    }

    private mutating func admit(_ parent: ParentReference, of client: String) throws -> ParentReference? {
        switch parent {
        case .node(.root): return .node(top)
        case .node(let id): return try reaches(id) ? parent : nil
        case .created(let operation):
            // What an earlier commit made, or met, may have been moved out of the part since.
            guard let made = try journal.outcomeNode(of: operation, client: client) else { return parent }
            return try made == top || reaches(made) ? parent : nil
        }
    }

    private mutating func reaches(_ id: NodeID) throws -> Bool { try journal.node(id).map { try holds($0) } ?? false }

    /// An outcome as the client knows its nodes.
    func outward(_ outcome: Outcome) -> Outcome {
        switch outcome {
        case .applied(let node): .applied(outward(node))
        case .merged(let node): .merged(outward(node))
        case .conflict(let current, let copy): .conflict(current: outward(current), copy: outward(copy))
        case .refused(let reason, let current): .refused(reason, current: current.map(outward))
        case .contentMissing, .held: outcome
        }
    }
}
