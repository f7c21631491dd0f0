import Engine
import Index
import SyncCore

/// The process dies here.
struct Crash: Error {}

/// A file system in memory, with inodes, stamps and watches; what the engine asks of it is refused where a real one
/// refuses.
final class MemoryTree: LocalTree {
    final class Inode {
        let number: UInt64
        let kind: NodeKind
        var bytes: [UInt8] = []
        var mode: Mode
        var mtime: Nanoseconds
        var ctime: Nanoseconds
        let born: Nanoseconds
        var children: [Name: Inode] = [:]
        /// Names that it has: hard links.
        var links = 0
        /// A program has it open for writing.
        var isOpen = false
        /// Nobody may read it, or list it.
        var isClosed = false
        /// It lay in the tree, where somebody may have seen it.
        var wasVisible = false
        unowned let tree: MemoryTree

        init(
            _ kind: NodeKind, number: UInt64, mode: Mode, mtime: Nanoseconds, ctime: Nanoseconds,
            born: Nanoseconds = 0, in tree: MemoryTree
        ) {
            self.kind = kind
            self.number = number
            self.mode = mode
            self.mtime = mtime
            self.ctime = ctime
            self.born = born
            self.tree = tree
        }

        var stamp: Stamp {
            Stamp(device: 1, inode: number, size: Int64(bytes.count), mtime: mtime, ctime: ctime, born: born)
        }
        /// With all that is in it; nobody has it open.
        func copy() -> Inode {
            let copy = Inode(kind, number: number, mode: mode, mtime: mtime, ctime: ctime, born: born, in: tree)
            copy.bytes = bytes
            copy.wasVisible = wasVisible
            copy.isClosed = isClosed
            // What is copied has one name: hard links are not kept.
            copy.links = 1
            copy.children = children.mapValues { $0.copy() }
            return copy
        }

        var status: DiskStatus { DiskStatus(kind: .node(kind), stamp: stamp, mode: mode) }
        var content: Content {
            switch kind {
            case .directory: .directory(mode)
            case .symlink: .symlink(target: bytes, mtime: mtime)
            case .file:
                .file(
                    FileContent(
                        digest: tree.contents.digest(of: bytes), size: Int64(bytes.count), mode: mode, mtime: mtime))
            }
        }
    }

    let clock: Clock
    let contents: Contents
    private(set) var root: Inode!
    private var emptyRoot: Inode!
    private var lastInode: UInt64 = 1
    private var freeInodes: [UInt64] = []
    private var watches: [UInt64: EntryID] = [:]
    private(set) var events: [(directory: EntryID, name: Name)] = []
    private var staging: [String: Staged] = [:]
    /// A file that has its number before it has a name.
    private struct Staged {
        let bytes: [UInt8]
        let number: UInt64
    }
    private var stagedCount = 0
    /// What was put into the trash, in that order, without directories.
    private(set) var trashed: [(path: RelativePath, bytes: [UInt8])] = []

    /// How what the engine did since it last made names durable is undone.
    private var undos: [() -> Void] = []

    /// Called with bytes that the engine is about to destroy.
    var willDestroy: ([UInt8], RelativePath) -> Void = { _, _ in }
    /// Told of what the engine must never ask for.
    var onBreach: (Promise, String) -> Void = { _, _ in }
    /// Called before the engine looks or changes anything: somebody else may be at work.
    var interloper: ((RelativePath?) -> Void)?
    /// So many calls of the engine from now, the process dies.
    var fuse: Int?
    let trouble = Trouble()
    /// It died of that, and was not started again.
    var hasBurnt: Bool { fuse.map { $0 < 0 } ?? false }
    /// False while the disk is not mounted.
    var isMounted = true
    /// Whether the file system says when an inode was made.
    private let tellsBirth: Bool

    init(clock: Clock, contents: Contents, tellsBirth: Bool = false) {
        self.clock = clock
        self.tellsBirth = tellsBirth
        self.contents = contents
        let now = clock.tick()
        emptyRoot = Inode(.directory, number: 9_999_999, mode: Mode(0o755), mtime: now, ctime: now, in: self)
        root = Inode(.directory, number: 1, mode: Mode(0o755), mtime: now, ctime: now, in: self)
    }

    // MARK: - Parts that the user's and the engine's operations share

    func inode(at path: RelativePath) -> Inode? {
        var current: Inode? = root
        for name in path.names { current = current?.children[name] }
        return current
    }

    func newInode(_ kind: NodeKind, mode: Mode, mtime: Nanoseconds? = nil, number: UInt64? = nil) -> Inode {
        let now = clock.tick()
        return Inode(
            kind, number: number ?? newNumber(), mode: mode, mtime: mtime ?? now, ctime: now,
            born: tellsBirth ? now : 0, in: self)
    }

    /// Every other time it comes from what was deleted, as file systems do.
    private func newNumber() -> UInt64 {
        lastInode += 1
        if lastInode % 2 == 1, let free = freeInodes.popLast() { return free }
        return lastInode
    }

    func link(_ inode: Inode, at path: RelativePath) {
        // SAFETY: callers have looked that the directory is there.
        let parent = self.inode(at: path.parent)!, name = path.last!
        parent.children[name] = inode
        inode.links += 1
        inode.wasVisible = true
        changed(parent)
        inode.ctime = clock.tick()
        tell(parent, name)
    }

    @discardableResult
    func unlink(_ path: RelativePath) -> Inode? {
        guard let parent = inode(at: path.parent), let name = path.last,
            let inode = parent.children.removeValue(forKey: name)
        else { return nil }
        inode.links -= 1
        // Nobody sees a moment between the two halves of a rename; the ctime of what has other names moves.
        if inode.links > 0 { inode.ctime = clock.tick() }
        changed(parent)
        tell(parent, name)
        return inode
    }

    /// Its number may be used again, and nobody watches it; unless it has another name.
    func free(_ inode: Inode) {
        if inode.kind == .file, inode.links > 0 { return }
        for child in inode.children.values.sorted(by: { $0.number < $1.number }) { free(child) }
        freeInodes.append(inode.number)
        watches[inode.number] = nil
    }

    func changed(_ directory: Inode) {
        directory.mtime = clock.tick()
        directory.ctime = directory.mtime
    }

    /// Something happened to a name.
    func tell(_ parent: Inode, _ name: Name) {
        if let entry = watches[parent.number] { events.append((entry, name)) }
    }

    func tell(_ path: RelativePath) {
        if let parent = inode(at: path.parent), let name = path.last { tell(parent, name) }
    }

    func takeEvents(_ count: Int = .max) -> [(directory: EntryID, name: Name)] {
        let taken = Array(events.prefix(count))
        events.removeFirst(taken.count)
        return taken
    }

    /// The process that watched is gone.
    func forgetWatches() {
        watches = [:]
        events = []
        staging = [:]
    }

    func stage(_ bytes: [UInt8]) -> StagedContent {
        stagedCount += 1
        staging["s\(stagedCount)"] = Staged(bytes: bytes, number: newNumber())
        return StagedContent(name: "s\(stagedCount)", digest: contents.digest(of: bytes), isDurable: false)
    }

    /// Whether a file in it has these bytes.
    func hasFile(_ digest: Digest) -> Bool {
        func has(_ inode: Inode) -> Bool {
            inode.kind == .file
                ? contents.digest(of: inode.bytes) == digest : inode.children.values.contains(where: has)
        }
        return has(root)
    }

    /// Another tree takes the place of this one's.
    func restore(_ root: Inode) { self.root = root }

    func emptyCopy() -> Inode {
        Inode(.directory, number: 1, mode: Mode(0o755), mtime: 0, ctime: 0, in: self)
    }

    /// Everything in it, sorted by path.
    func things() -> [Thing] {
        var found: [Thing] = []
        func visit(_ directory: Inode, _ path: RelativePath) {
            for (name, child) in directory.children.sorted(by: { $0.key < $1.key }) {
                found.append(Thing(path: path.appending(name), content: child.content))
                visit(child, path.appending(name))
            }
        }
        visit(root, .top)
        return found
    }

    private func enter(changing: Bool = false, _ path: RelativePath? = nil) throws {
        if changing, !isMounted {
            onBreach(.absenceIsNotDeletion, "the engine writes where its disk is not mounted")
            throw DiskProblem(.other, "the disk is not mounted")
        }
        if let left = fuse {
            fuse = left - 1
            if left <= 0 { throw Crash() }
        }
        if trouble.strikes() { throw DiskProblem(.noSpace, "the disk is full") }
        if let interloper {
            self.interloper = nil
            interloper(path)
            self.interloper = interloper
        }
    }

    /// A power cut takes away what was done to something, if nobody has touched it since.
    private func undo(_ inode: Inode, at path: RelativePath, _ body: @escaping () -> Void) {
        let stamp = inode.stamp
        undos.append { [unowned self] in if self.inode(at: path) === inode, inode.stamp == stamp { body() } }
    }

    /// What the engine did and did not make durable is undone, the last thing first.
    func cutPower() {
        for undo in undos.reversed() { undo() }
        undos = []
    }

    private func needDirectory(_ path: RelativePath) throws {
        guard found(at: path)?.kind == .directory else { throw DiskProblem(.notFound, "no such directory: \(path)") }
    }

    private func isExpected(_ inode: Inode, _ known: Known) -> Bool {
        guard inode.kind == known.kind else { return false }
        if inode.kind == .directory { return inode.number == known.stamp.inode && inode.born == known.stamp.born }
        var stamp = inode.stamp
        guard known.stamp.isDoubtful else { return stamp == known.stamp }
        stamp.ctime = known.stamp.ctime
        return stamp == known.stamp && contents.digest(of: inode.bytes) == known.digest
    }

    // MARK: - LocalTree: looking

    /// What the engine sees: another disk's empty mount point while this one is not mounted.
    private func found(at path: RelativePath) -> Inode? {
        if isMounted { return inode(at: path) }
        return path.isTop ? emptyRoot : nil
    }

    func status(of path: RelativePath) throws -> DiskStatus? {
        try enter()
        return found(at: path)?.status
    }

    func list(_ directory: RelativePath) throws -> [(name: Name, status: DiskStatus)] {
        try enter()
        try needDirectory(directory)
        // SAFETY: just looked.
        let inode = found(at: directory)!
        if inode.isClosed { throw DiskProblem(.denied, "it cannot be listed: permission denied") }
        return inode.children.sorted { $0.key < $1.key }.map { ($0.key, $0.value.status) }
    }

    func readFile(_ path: RelativePath, limit: Int) throws -> [UInt8]? {
        try enter()
        guard let inode = found(at: path), inode.kind == .file else { return nil }
        if inode.isClosed { throw DiskProblem(.denied, "it cannot be read: permission denied") }
        return Array(inode.bytes.prefix(limit))
    }

    func readLink(_ path: RelativePath) throws -> [UInt8] {
        try enter()
        guard let inode = found(at: path), inode.kind == .symlink else {
            throw DiskProblem(.notFound, "no symlink at \(path)")
        }
        return inode.bytes
    }

    func watch(_ directory: RelativePath, as entry: EntryID) throws {
        try enter()
        try needDirectory(directory)
        // SAFETY: just looked.
        watches[found(at: directory)!.number] = entry
    }

    func isBeingWritten(_ path: RelativePath) -> Bool { false }
    func isPresent() -> Bool { isMounted }

    // MARK: - LocalTree: changing

    func makeDirectory(_ path: RelativePath, mode: Mode) throws -> Placing {
        try enter(changing: true, path)
        try needDirectory(path.parent)
        if found(at: path) != nil { return .unexpected }
        let made = newInode(.directory, mode: mode)
        link(made, at: path)
        undo(made, at: path) { [unowned self] in if made.children.isEmpty { unlink(path) } }
        try enter()
        return .done(made.status)
    }

    func makeSymlink(_ path: RelativePath, target: [UInt8], mtime: Nanoseconds) throws -> Placing {
        try enter(changing: true, path)
        try needDirectory(path.parent)
        if found(at: path) != nil { return .unexpected }
        let made = newInode(.symlink, mode: Mode(0o777), mtime: mtime)
        made.bytes = target
        link(made, at: path)
        undo(made, at: path) { [unowned self] in unlink(path) }
        return .done(made.status)
    }

    func place(_ staged: StagedContent, as file: FileContent, at path: RelativePath) throws -> Placing {
        try enter(changing: true, path)
        try needDirectory(path.parent)
        if found(at: path) != nil { return .unexpected }
        let made = try take(staged, file)
        link(made, at: path)
        undo(made, at: path) { [unowned self] in unlink(path) }
        return .done(made.status)
    }

    func replace(_ path: RelativePath, _ known: Known, by staged: StagedContent, as file: FileContent) throws -> Placing
    {
        try enter(changing: true, path)
        guard let old = found(at: path), old.kind == .file, isExpected(old, known) else { return .unexpected }
        let made = try take(staged, file)
        willDestroy(old.bytes, path)
        unlink(path)
        free(old)
        link(made, at: path)
        undo(made, at: path) { [unowned self] in
            unlink(path)
            link(old, at: path)
        }
        return .done(made.status)
    }

    private func take(_ staged: StagedContent, _ file: FileContent) throws -> Inode {
        guard let there = staging.removeValue(forKey: staged.name) else {
            throw DiskProblem(.other, "nothing is staged as \(staged.name)")
        }
        if contents.digest(of: there.bytes) != file.digest {
            onBreach(.nothingHalfWritten, "bytes that are not the promised ones are placed")
        }
        let made = newInode(.file, mode: file.mode, mtime: file.mtime, number: there.number)
        made.bytes = there.bytes
        return made
    }

    func move(_ from: RelativePath, _ known: Known, to path: RelativePath) throws -> Placing {
        try enter(changing: true, from)
        guard let moved = found(at: from), isExpected(moved, known) else { return .unexpected }
        if from.contains(path) { throw DiskProblem(.other, "\(from) into itself") }
        try needDirectory(path.parent)
        if found(at: path) != nil { return .unexpected }
        unlink(from)
        link(moved, at: path)
        undo(moved, at: path) { [unowned self] in
            guard inode(at: from) == nil, inode(at: from.parent)?.kind == .directory else { return }
            unlink(path)
            link(moved, at: from)
        }
        return .done(moved.status)
    }

    func setAttributes(_ path: RelativePath, _ known: Known, mode: Mode, mtime: Nanoseconds?) throws -> Placing {
        try enter(changing: true, path)
        guard var inode = found(at: path), isExpected(inode, known) else { return .unexpected }
        if inode.kind == .file, inode.links > 1 {
            let copy = newInode(.file, mode: inode.mode, mtime: inode.mtime)
            copy.bytes = inode.bytes
            unlink(path)
            link(copy, at: path)
            inode = copy
        }
        inode.mode = mode
        if let mtime { inode.mtime = mtime }
        inode.ctime = clock.tick()
        tell(path)
        return .done(inode.status)
    }

    func remove(_ path: RelativePath, _ known: Known) throws -> Bool {
        try enter(changing: true, path)
        guard let inode = found(at: path) else { return true }
        guard isExpected(inode, known), inode.children.isEmpty else { return false }
        if inode.kind == .file { willDestroy(inode.bytes, path) }
        unlink(path)
        free(inode)
        return true
    }

    func trash(_ path: RelativePath, _ known: Known) throws -> Bool {
        try enter(changing: true, path)
        guard let inode = found(at: path) else { return true }
        guard isExpected(inode, known), inode.children.isEmpty else { return false }
        unlink(path)
        if inode.kind != .directory { trashed.append((path, inode.bytes)) }
        free(inode)
        return true
    }

    func makeDurable(_ directories: Set<RelativePath>, everything: Bool) throws {
        try enter()
        undos = []
    }
    func discard(_ staged: StagedContent) {
        if let there = staging.removeValue(forKey: staged.name) { freeInodes.append(there.number) }
    }
}
