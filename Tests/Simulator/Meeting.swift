import SyncCore

/// Two machines and a hub, for tests in which changes meet.
final class Meeting {
    /// How the two changes reach the hub.
    enum Course: String, CaseIterable {
        /// Both are connected; the first machine is heard first.
        case live
        /// Both are connected; the second machine is heard first.
        case liveReversed
        /// The second machine is away, works, and comes back after the first is done.
        case away
        /// The hub's first answer to the second machine is lost.
        case answerLost
    }

    let simulation: Simulation
    private let course: Course

    /// - Parameter before: what both have already.
    init(_ course: Course, before: (Machine) throws -> Void) throws {
        simulation = try Simulation(.chaos, agents: 2)
        self.course = course
        try before(Machine(simulation.agents[0]))
        try simulation.quiesce()
    }

    /// Both work without having seen each other's work; then everything becomes quiet.
    func meet(_ first: (Machine) throws -> Void, _ second: (Machine) throws -> Void) throws {
        let (one, two) = (simulation.agents[0], simulation.agents[1])
        two.isConnected = course != .away
        try first(Machine(one))
        if course == .away { try simulation.pass(one) }
        try second(Machine(two))
        let order = course == .liveReversed ? [two, one] : [one, two]
        for agent in order { try simulation.pass(agent, loses: course == .answerLost && agent === two) }
        two.isConnected = true
        try simulation.quiesce()
    }

    /// Paths in the share, directories with a slash, and what files hold: `a/`, `a/f=bytes`.
    var share: [String] {
        simulation.hub.share.things().map { thing in
            switch thing.content {
            case .directory: "\(thing.path)/"
            case .symlink(let target, _): "\(thing.path)->\(String(decoding: target, as: UTF8.self))"
            case .file(let file):
                "\(thing.path)=\(String(decoding: simulation.hub.share.contents.bytes(of: file.digest) ?? [], as: UTF8.self))"
            }
        }
    }

    var conflicts: Int { get throws { try simulation.hub.journal.openConflicts().count } }
    func versionsHold(_ text: String) -> Bool {
        simulation.hub.versions.contains(simulation.hub.share.contents.digest(of: Array(text.utf8)))
    }
}

/// Somebody's hands on one machine.
struct Machine {
    private let tree: MemoryTree

    init(_ agent: SimulatedAgent) { tree = agent.tree }
    init(_ tree: MemoryTree) { self.tree = tree }

    func write(_ path: String, _ text: String) throws {
        let path = try RelativePath(bytes: Array(path.utf8))
        let file = tree.inode(at: path) ?? tree.newInode(.file, mode: Mode(0o644))
        if tree.inode(at: path) == nil { tree.link(file, at: path) }
        file.bytes = Array(text.utf8)
        file.mtime = tree.clock.tick()
        file.ctime = file.mtime
        tree.tell(path)
    }

    /// Nobody may read it, wherever it is moved.
    func close(_ path: String) throws {
        let path = try RelativePath(bytes: Array(path.utf8))
        tree.inode(at: path)?.isClosed = true
        tree.tell(path)
    }
    func open(_ path: String) throws { tree.inode(at: try RelativePath(bytes: Array(path.utf8)))?.isClosed = false }

    func makeDirectory(_ path: String) throws {
        tree.link(tree.newInode(.directory, mode: Mode(0o755)), at: try RelativePath(bytes: Array(path.utf8)))
    }

    /// link(2): another name for the same file.
    func hardLink(_ path: String, _ new: String) throws {
        guard let file = tree.inode(at: try RelativePath(bytes: Array(path.utf8))) else { return }
        tree.link(file, at: try RelativePath(bytes: Array(new.utf8)))
    }

    func makeSymlink(_ path: String, _ target: String) throws {
        let link = tree.newInode(.symlink, mode: Mode(0o777))
        link.bytes = Array(target.utf8)
        tree.link(link, at: try RelativePath(bytes: Array(path.utf8)))
    }

    func chmod(_ path: String, _ mode: UInt16) throws {
        let path = try RelativePath(bytes: Array(path.utf8))
        tree.inode(at: path)?.mode = Mode(mode)
        tree.inode(at: path)?.ctime = tree.clock.tick()
        tree.tell(path)
    }

    func move(_ from: String, _ to: String) throws {
        let (from, to) = (try RelativePath(bytes: Array(from.utf8)), try RelativePath(bytes: Array(to.utf8)))
        if let moved = tree.unlink(from) { tree.link(moved, at: to) }
    }

    func delete(_ path: String) throws {
        let path = try RelativePath(bytes: Array(path.utf8))
        guard let inode = tree.inode(at: path) else { return }
        for name in inode.children.keys.sorted() { try delete("\(path)/\(name)") }
        tree.unlink(path)
        tree.free(inode)
    }
}
