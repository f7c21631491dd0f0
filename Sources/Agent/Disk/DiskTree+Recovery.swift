internal import FileTree
internal import SyncCore

// What a crash, or somebody who was faster, left in the private area.
extension DiskTree {
    /// Names of what is being fetched: nobody's bytes yet.
    static let fetchPrefix = "get-"

    /// Looks through the private area at a start. Between a swap and the look at what came out (DESIGN §4.2) a crash leaves there what
    /// had the name, and that may be bytes that nobody else has: they get a name in the folder. What the hub has is removed.
    /// - Parameter isKnown: whether the hub has these bytes, or a symlink with this target; nil if that cannot be told yet.
    /// - Returns: what stays where it is until ``recover(_:isKnown:)``.
    func recover(isKnown: (Content) throws -> Bool?) throws -> [PrivateItem] {
        try asking({ () throws(FileTreeError) in try area.items() }).filter { item in
            if isFetched(item) {
                try asking { () throws(FileTreeError) in try item.remove() }
                return false
            }
            // What cannot be read (its mode says so) gets a name unread: one bad item keeps nobody from starting.
            let content = try? content(of: item)
            guard let isKnown = try content.map(isKnown) ?? false else { return true }
            try recover(item, isKnown: isKnown)
            return false
        }
    }

    /// What the hub has is removed; anything else gets a name in the folder.
    func recover(_ item: PrivateItem, isKnown: Bool) throws {
        if isKnown { return try asking { () throws(FileTreeError) in try item.remove() } }
        log.warning("recovered", ["what": item.name, "from": "a change that a crash interrupted"])
        try keep(item, beside: try RelativePath(bytes: Array("recovered".utf8)))
    }

    private func isFetched(_ item: PrivateItem) -> Bool { item.name.bytes.starts(with: Array(Self.fetchPrefix.utf8)) }

    /// Reads all of it.
    func content(of item: PrivateItem) throws -> Content {
        try asking { () throws(FileTreeError) in
            switch item.status.kind {
            case .file: .file(try item.open().hash().content)
            case .symlink: .symlink(target: try item.readLink(), mtime: item.status.mtime)
            case .directory, .other: .directory(item.status.mode)
            }
        }
    }

    /// Somebody changed a file twice while it was being replaced: what could not go back to its name goes beside it.
    func keep(_ stranger: PrivateItem, beside path: RelativePath) throws {
        guard let name = path.last else { return }
        for attempt in 1...1_000 {
            let free = ConflictName.make(from: name, keepsExtension: true, date: date, client: "kept", attempt: attempt)
            let placement = try asking { () throws(FileTreeError) in
                try root.placeNew(stranger, at: path.parent.appending(free))
            }
            if case .placed = placement { return }
        }
    }
}
