import Index
import SyncCore

/// Somebody who works in a folder, at random.
struct User {
    enum Verb: Int, CaseIterable {
        case create, makeDirectory, edit, append, truncate, sneakyEdit, delete, deleteTree, move, moveIntoDirectory,
            swap
        case replaceDirectoryByFile, replaceFileByDirectory, renameOver, caseRename, link, relink, chmod, recreate
        case equalFile, atomicSave, backupSave, touch, rotate
    }

    let number: Int
    let tree: MemoryTree
    /// What happened to whose bytes: each tag was made by one user.
    var traces: Traces
    /// What this one may do.
    var repertoire: [Verb]
    /// Told of bytes that the user destroys by writing over them, or by deleting them.
    var onDestruction: (MemoryTree.Inode) -> Void = { _ in }

    init(number: Int, tree: MemoryTree, traces: Traces) {
        self.number = number
        self.tree = tree
        self.traces = traces
        repertoire = traces.habits.repertoire
    }

    /// - Returns: what was done, in a few words.
    func act(_ random: inout SplitMix) -> String {
        traces.see(tree, number)
        defer { traces.see(tree, number) }
        for _ in 0..<8 {
            // SAFETY: there are verbs.
            let verb = repertoire.randomElement(using: &random)!
            if let done = perform(verb, &random) { return done }
        }
        return "rests"
    }

    /// Does something to one name: what is there is edited, replaced, deleted or moved away, or something new comes there.
    /// - Returns: what was done, in a few words.
    func meddle(at path: RelativePath, _ random: inout SplitMix) -> String? {
        guard let name = path.last, !path.names.contains(where: \.isReserved) else { return nil }
        traces.see(tree, number)
        defer { traces.see(tree, number) }
        switch (tree.inode(at: path)?.kind, Int.random(in: 0..<5, using: &random)) {
        case (nil, 0...2): return write(path, fresh(), "creates")
        case (nil, _): return nil
        case (.file?, 0...1): return write(path, fresh(), "edits")
        case (.file?, 2): return atomicSave(path)
        // SAFETY: a short name stays one with one more letter.
        case (_, 3): return move(path, path.parent.appending(try! Name(name.bytes.prefix(100) + [UInt8(ascii: "m")])))
        default: return delete(path)
        }
    }

    private func perform(_ verb: Verb, _ random: inout SplitMix) -> String? {
        switch verb {
        case .create: return write(newPath(&random), fresh(), "creates")
        case .equalFile:
            return write(newPath(&random), Array("=\(Int.random(in: 0..<2, using: &random))".utf8), "creates")
        case .makeDirectory:
            guard let path = newPath(&random) else { return nil }
            tree.link(tree.newInode(.directory, mode: Mode(0o755)), at: path)
            return "mkdir \(path)"
        case .edit: return write(some(.file, &random), fresh(), "edits")
        case .append:
            guard let path = some(.file, &random), let file = tree.inode(at: path) else { return nil }
            return write(path, file.bytes + fresh(), "appends to")
        case .truncate: return write(some(.file, &random), [], "empties")
        case .sneakyEdit: return sneakyEdit(some(.file, &random))
        case .delete: return delete(some(nil, &random))
        case .deleteTree: return delete(some(.directory, &random))
        case .move: return move(some(nil, &random), newPath(&random))
        case .moveIntoDirectory:
            guard let path = some(nil, &random), let directory = some(.directory, &random), let name = path.last
            else { return nil }
            return move(path, directory.appending(name))
        case .swap: return swap(some(nil, &random), some(nil, &random))
        case .rotate: return rotate(some(nil, &random), some(nil, &random))
        case .replaceDirectoryByFile:
            guard let path = some(.directory, &random), delete(path) != nil else { return nil }
            return write(path, fresh(), "replaces by a file:")
        case .replaceFileByDirectory:
            guard let path = some(.file, &random), delete(path) != nil else { return nil }
            tree.link(tree.newInode(.directory, mode: Mode(0o755)), at: path)
            return "replaces by a directory: \(path)"
        case .renameOver: return renameOver(some(.file, &random), some(.file, &random))
        case .caseRename:
            guard let path = some(nil, &random), let name = path.last else { return nil }
            let other = name.bytes.map { (65...90).contains($0) || (97...122).contains($0) ? $0 ^ 0x20 : $0 }
            // SAFETY: the same name with letters of the other case.
            return move(path, path.parent.appending(try! Name(other)))
        case .link:
            guard let path = newPath(&random) else { return nil }
            let link = tree.newInode(.symlink, mode: Mode(0o777))
            link.bytes = fresh()
            tree.link(link, at: path)
            return "links \(path)"
        case .relink:
            guard let path = some(.symlink, &random) else { return nil }
            if let old = tree.unlink(path) { tree.free(old) }
            let link = tree.newInode(.symlink, mode: Mode(0o777))
            link.bytes = fresh()
            tree.link(link, at: path)
            return "links anew \(path)"
        case .chmod: return chmod(some(nil, &random), &random)
        case .recreate:
            guard let path = some(.file, &random), delete(path) != nil else { return nil }
            return write(path, fresh(), "deletes and creates")
        case .atomicSave: return atomicSave(some(.file, &random))
        case .backupSave: return backupSave(some(.file, &random))
        case .touch:
            guard let path = some(.file, &random), let file = tree.inode(at: path) else { return nil }
            traces.touch(file, by: number)
            file.mtime = tree.clock.tick()
            file.ctime = file.mtime
            tree.tell(path)
            return "touches \(path)"
        }
    }

    // MARK: - Choosing

    private func some(_ kind: NodeKind?, _ random: inout SplitMix) -> RelativePath? {
        tree.things().filter { thing in
            (kind == nil || thing.content.kind == kind) && !(thing.path.names.contains { $0.isReserved })
        }.randomElement(using: &random)?.path
    }

    private func newPath(_ random: inout SplitMix) -> RelativePath? {
        var directory = RelativePath.top
        if !random.once(in: 3), let other = some(.directory, &random), other.names.count < 4 { directory = other }
        guard let name = traces.habits.names.randomElement(using: &random) else { return nil }
        let path = directory.appending(name)
        return tree.inode(at: path) == nil ? path : nil
    }

    /// Bytes that nobody else has made.
    private func fresh() -> [UInt8] { traces.fresh(by: number) }

    // MARK: - Doing

    /// Its bytes go, and this user is who wants it.
    private func destroy(_ inode: MemoryTree.Inode) {
        traces.end(inode)
        onDestruction(inode)
    }

    /// In place, as `>` does.
    private func write(_ path: RelativePath?, _ bytes: [UInt8], _ word: String) -> String? {
        guard let path, path.isTop == false else { return nil }
        let file: MemoryTree.Inode
        if let old = tree.inode(at: path) {
            guard old.kind == .file, !old.isOpen else { return nil }
            traces.touch(old, by: number)
            destroy(old)
            file = old
        } else {
            guard tree.inode(at: path.parent)?.kind == .directory else { return nil }
            file = tree.newInode(.file, mode: Mode(0o644))
            tree.link(file, at: path)
        }
        file.bytes = bytes
        file.mtime = tree.clock.tick()
        file.ctime = file.mtime
        tree.tell(path)
        return "\(word) \(path) = \(String(decoding: bytes, as: UTF8.self))"
    }

    /// The same size and the same mtime, other bytes.
    private func sneakyEdit(_ path: RelativePath?) -> String? {
        guard let path, let file = tree.inode(at: path), file.bytes.count >= 6 else { return nil }
        traces.touch(file, by: number)
        let bytes = fresh()
        guard bytes.count <= file.bytes.count else { return nil }
        destroy(file)
        file.bytes = bytes + Array(repeating: UInt8(ascii: "."), count: file.bytes.count - bytes.count)
        file.ctime = tree.clock.tick()
        tree.tell(path)
        return "edits \(path) sneakily = \(String(decoding: file.bytes, as: UTF8.self))"
    }

    private func delete(_ path: RelativePath?) -> String? {
        guard let path, let inode = tree.inode(at: path) else { return nil }
        traces.delete(inode, by: number)
        destroy(inode)
        // From the bottom up, as rm -r does.
        func remove(_ inode: MemoryTree.Inode, _ path: RelativePath) {
            for (name, child) in inode.children.sorted(by: { $0.key < $1.key }) { remove(child, path.appending(name)) }
            tree.unlink(path)
            tree.free(inode)
        }
        remove(inode, path)
        return "deletes \(path)"
    }

    private func move(_ from: RelativePath?, _ to: RelativePath?) -> String? {
        guard let from, let to, !from.contains(to), to.names.count < 6, let inode = tree.inode(at: from),
            tree.inode(at: to) == nil, tree.inode(at: to.parent)?.kind == .directory
        else { return nil }
        traces.touch(inode, by: number)
        rename(from, to)
        return "moves \(from) to \(to)"
    }

    private func rename(_ from: RelativePath, _ to: RelativePath) {
        if let inode = tree.unlink(from) { tree.link(inode, at: to) }
    }

    private func swap(_ one: RelativePath?, _ other: RelativePath?) -> String? {
        guard let one, let other, !one.contains(other), !other.contains(one), let a = tree.inode(at: one),
            let b = tree.inode(at: other)
        else { return nil }
        traces.touch(a, by: number)
        traces.touch(b, by: number)
        tree.unlink(one)
        tree.unlink(other)
        tree.link(a, at: other)
        tree.link(b, at: one)
        return "swaps \(one) and \(other)"
    }

    /// Half of a swap: `one` steps aside, `other` takes its name; a later move may bring `one` to where `other` was.
    private func rotate(_ one: RelativePath?, _ other: RelativePath?) -> String? {
        guard let one, let other, !one.contains(other), !other.contains(one), let name = one.last, name.bytes.count < 20
        else { return nil }
        // SAFETY: a short name stays one with one more letter.
        let aside = one.parent.appending(try! Name(name.bytes + [UInt8(ascii: "_")]))
        guard move(one, aside) != nil, move(other, one) != nil else { return "moves \(one) to \(aside)" }
        return "moves \(one) to \(aside), \(other) to \(one)"
    }

    private func renameOver(_ from: RelativePath?, _ to: RelativePath?) -> String? {
        guard let from, let to, from != to, let moved = tree.inode(at: from), let old = tree.inode(at: to) else {
            return nil
        }
        traces.touch(moved, by: number)
        traces.delete(old, by: number)
        destroy(old)
        tree.unlink(to)
        tree.free(old)
        rename(from, to)
        return "renames \(from) over \(to)"
    }

    private func chmod(_ path: RelativePath?, _ random: inout SplitMix) -> String? {
        guard let path, let inode = tree.inode(at: path), inode.kind != .symlink else { return nil }
        traces.touch(inode, by: number)
        let modes: [UInt16] = inode.kind == .directory ? [0o755, 0o700, 0o750] : [0o644, 0o600, 0o755]
        inode.mode = Mode(modes.randomElement(using: &random) ?? 0o644)
        inode.ctime = tree.clock.tick()
        tree.tell(path)
        return "chmod \(String(inode.mode.rawValue, radix: 8)) \(path)"
    }

    private func atomicSave(_ path: RelativePath?) -> String? {
        guard let path, let old = tree.inode(at: path), let name = path.last else { return nil }
        // SAFETY: a short name stays one with one more letter.
        let temporary = path.parent.appending(try! Name(name.bytes.prefix(200) + [UInt8(ascii: "$")]))
        guard tree.inode(at: temporary) == nil, write(temporary, fresh(), "writes") != nil else { return nil }
        traces.touch(old, by: number)
        destroy(old)
        tree.unlink(path)
        tree.free(old)
        rename(temporary, path)
        return "saves \(path) by rename"
    }

    private func backupSave(_ path: RelativePath?) -> String? {
        guard let path, let name = path.last else { return nil }
        // SAFETY: a short name stays one with one more letter.
        let backup = path.parent.appending(try! Name(name.bytes.prefix(200) + [UInt8(ascii: "_")]))
        guard move(path, backup) != nil else { return nil }
        _ = write(path, fresh(), "writes")
        return "saves \(path) with a backup"
    }
}

/// Who made which bytes, who did anything to them, and who deleted them.
final class Traces {
    private var count = 0
    private(set) var touchers: [String: Set<Int>] = [:]
    private(set) var deletedBy: [String: Int] = [:]
    /// What some user destroyed in his own folder, by writing over it or by deleting it.
    private(set) var ended: Set<String> = []
    /// What lay in a file in somebody's folder.
    private(set) var written: Set<String> = []
    let habits: Habits

    init(_ habits: Habits) { self.habits = habits }

    func fresh(by user: Int) -> [UInt8] {
        count += 1
        // Of one length, so that a sneaky edit has room.
        let digits = "\(count)"
        let tag = "<\(user)\(String(repeating: "0", count: max(0, 3 - digits.count)))\(digits)>"
        touchers[tag] = [user]
        return Array(tag.utf8)
    }

    static func tags(in bytes: [UInt8]) -> [String] {
        // Contents that several users make have a tag too, which belongs to nobody.
        if bytes.isEmpty { return ["="] }
        if bytes.first == UInt8(ascii: "=") { return [String(decoding: bytes.prefix(2), as: UTF8.self)] }
        return bytes.split(separator: UInt8(ascii: "<")).compactMap { part in
            part.firstIndex(of: UInt8(ascii: ">")).map { "<" + String(decoding: part[..<$0], as: UTF8.self) + ">" }
        }
    }

    func touch(_ inode: MemoryTree.Inode, by user: Int) {
        for tag in Traces.tags(in: inode.bytes) {
            touchers[tag, default: []].insert(user)
            deletedBy[tag] = nil
        }
        for child in inode.children.values { touch(child, by: user) }
    }

    func delete(_ inode: MemoryTree.Inode, by user: Int) {
        touch(inode, by: user)
        for tag in Traces.tags(in: inode.bytes) { deletedBy[tag] = user }
        for child in inode.children.values { delete(child, by: user) }
    }

    /// A user destroys it, and all that is in it.
    func end(_ inode: MemoryTree.Inode) {
        ended.formUnion(Traces.tags(in: inode.bytes))
        for child in inode.children.values { end(child) }
    }

    /// What a user has had in hand may be at no name any more.
    func giveUpWork(of user: Int) { ended.formUnion(touchers.filter { $0.value.contains(user) }.keys) }

    /// What is nowhere but in `kept` may be lost.
    func forget(except kept: Set<String>) { ended.formUnion(written.subtracting(kept)) }

    /// What was under one name in one folder is one node's history, as far as anybody can tell.
    func see(_ tree: MemoryTree, _ user: Int) {
        for thing in tree.things() {
            guard let digest = thing.content.file?.digest, let bytes = tree.contents.bytes(of: digest) else { continue }
            for tag in Traces.tags(in: bytes) {
                written.insert(tag)
                let place = "\(user) \(thing.path)"
                kin[tag, default: []].formUnion(seen[place] ?? [])
                for other in seen[place] ?? [] { kin[other, default: []].insert(tag) }
                seen[place, default: []].insert(tag)
            }
        }
    }
    private var seen: [String: Set<String>] = [:]
    private var kin: [String: Set<String>] = [:]

    /// Deleted by one, and neither it nor what it came from ever touched by anybody else.
    var gone: Set<String> {
        Set(
            deletedBy.filter { tag, user in !tag.hasPrefix("=") && family(of: tag).allSatisfy { touchers[$0] == [user] }
            }.keys)
    }

    private func family(of tag: String) -> Set<String> {
        var family: Set<String> = []
        var queue = [tag]
        while let next = queue.popLast() {
            if family.insert(next).inserted { queue += kin[next] ?? [] }
        }
        return family
    }

    /// An agent that forgot everything may bring back what was deleted.
    var forgives = false
}
