import SyncCore

/// A hub as the merge table sees it: in memory, or a journal on disk. All bytes are always at hand.
package protocol MergingHub {
    func commit(_ change: Change, by client: String) throws -> Outcome
    /// By path; without the top.
    func live() throws -> [RelativePath: Node]
}

/// Somebody with a copy of the folder, who does things without having seen what others did since.
package struct Member<Hub: MergingHub> {
    package let hub: Hub
    package let name: String
    private var known: [RelativePath: Node]

    /// Sees the hub as it is now, and then only the answers to what they do.
    package init(_ name: String, at hub: Hub) throws {
        self.hub = hub
        self.name = name
        known = try hub.live()
    }

    package mutating func `do`(_ deed: Deed) throws -> Outcome {
        let outcome = try hub.commit(try change(deed), by: name)
        switch outcome {
        case .applied(let node), .merged(let node), .conflict(_, copy: let node):
            if let path = try place(of: deed) { known[path] = node }
        case .refused, .contentMissing, .held: break
        }
        return outcome
    }

    /// Where the node of a deed is for this member afterwards.
    private mutating func place(of deed: Deed) throws -> RelativePath? {
        switch deed {
        case .file(let path, _), .directory(let path), .link(let path, _), .edit(let path, _), .chmod(let path, _),
            .touch(let path, _), .retarget(let path, _):
            return try parse(path)
        case .move(let from, let to):
            known[try parse(from)] = nil
            return try parse(to)
        case .delete(let path):
            known[try parse(path)] = nil
            return nil
        }
    }

    private func change(_ deed: Deed) throws -> Change {
        switch deed {
        case .file(let path, let text): return try create(path, Text.file(text))
        case .directory(let path): return try create(path, .directory(Mode(0o755)))
        case .link(let path, let target): return try create(path, .symlink(target: Array(target.utf8), mtime: 0))
        case .edit(let path, let text): return try edit(path) { _ in Text.file(text) }
        case .retarget(let path, let target):
            return try edit(path) { _ in .symlink(target: Array(target.utf8), mtime: 0) }
        case .chmod(let path, let mode): return try edit(path) { $0.with(mode: Mode(mode)) }
        case .touch(let path, let mtime): return try edit(path) { $0.with(mtime: mtime) }
        case .move(let from, let to):
            let node = try node(from)
            let wanted = try parse(to)
            return .move(node.id, base: node.locationVersion, to: try parent(of: wanted), name: wanted.last!)
        case .delete(let path):
            let node = try node(path)
            return .delete(node.id, contentBase: node.contentVersion, locationBase: node.locationVersion)
        }
    }

    private func create(_ path: String, _ content: Content) throws -> Change {
        let path = try parse(path)
        return .create(in: try parent(of: path), name: path.last!, content: content)
    }

    private func edit(_ path: String, _ body: (Content) -> Content) throws -> Change {
        let node = try node(path)
        return .edit(node.id, base: node.contentVersion, content: body(node.content))
    }

    private func node(_ path: String) throws -> Node {
        guard let node = known[try parse(path)] else { throw UnknownPath(path: path) }
        return node
    }

    private func parent(of path: RelativePath) throws -> ParentReference {
        if path.parent.isTop { return .node(.root) }
        guard let node = known[path.parent] else { throw UnknownPath(path: "\(path.parent)") }
        return .node(node.id)
    }

    private func parse(_ path: String) throws -> RelativePath { try RelativePath(bytes: Array(path.utf8)) }
}

/// A test speaks of something that its member never saw.
package struct UnknownPath: Error {
    package let path: String
    package init(path: String) { self.path = path }
}

extension Content {
    fileprivate func with(mode: Mode) -> Content {
        switch self {
        case .file(var file):
            file.mode = mode
            return .file(file)
        case .directory: return .directory(mode)
        case .symlink: return self
        }
    }

    fileprivate func with(mtime: Nanoseconds) -> Content {
        guard case .file(var file) = self else { return self }
        file.mtime = mtime
        return .file(file)
    }
}
