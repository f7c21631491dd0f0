internal import Engine
internal import FileTree
internal import Index
internal import SyncCore

// What is placed, moved and removed: nothing that is not what the index tells of.
extension DiskTree {
    func makeDirectory(_ path: RelativePath, mode: Mode) throws -> Placing {
        try placing(path) { () throws(FileTreeError) in
            let placement = try root.makeDirectory(path, mode: mode)
            // RACE: killed in between, the directory keeps this machine's owner, which then counts as its user's change.
            if case .placed(let status) = placement { try setExtras(of: path, status, mode) }
            return placement
        }
    }

    func makeSymlink(_ path: RelativePath, target: [UInt8], mtime: Nanoseconds) throws -> Placing {
        try placing(path) { () throws(FileTreeError) in
            try root.makeSymlink(target: target, mtime: mtime, at: path, through: area)
        }
    }

    func place(_ staged: StagedContent, as file: FileContent, at path: RelativePath) throws -> Placing {
        let item = try item(staged, as: file)
        return try placing(path) { () throws(FileTreeError) in try root.placeNew(item, at: path) }
    }

    func replace(
        _ path: RelativePath, _ known: Known, by staged: StagedContent, as file: FileContent
    ) throws -> Placing {
        guard let expected = try expected(path, known) else { return .unexpected }
        let item = try item(staged, as: file)
        let named = try named(item)
        // It is placed later, under the name that is known for it.
        defer { if named.name != item.name { giveBack(named, item.name) } }
        return try exchange(path, expected, with: named, confirming: confirmation(known))
    }

    /// What is swapped gives its name to what comes out, and that is somebody's bytes: not by a name of what is nobody's, which
    /// is removed, or written to.
    private func named(_ item: PrivateItem) throws -> PrivateItem {
        if !isNobodys(item.name) { return item }
        return try asking { () throws(FileTreeError) in try item.move(to: area, as: PrivateArea.randomName()) }
    }

    /// What was not placed gets its old name again, unless something else has the new one: what came out.
    private func giveBack(_ item: PrivateItem, _ name: Name) {
        guard !isStray(item.name), let there = try? item.area.item(named: item.name),
            there.status.survivedRename(item.status.fingerprint)
        else { return }
        // Otherwise it is fetched again, and a start removes it.
        _ = try? there.move(to: item.area, as: name)
    }

    private func exchange(
        _ path: RelativePath, _ expected: Fingerprint, with item: PrivateItem,
        confirming: Confirmation? = nil
    ) throws -> Placing {
        let exchange: Exchange<PrivateItem>
        do {
            exchange = try root.exchange(item, with: path, expecting: expected, confirming: confirming)
        } catch {
            throw DiskProblem(error)
        }
        switch exchange {
        case .placed(let status, let displaced):
            // What came out is what the hub has, or had, as an older version.
            try? displaced.remove()
            return .done(try whole(status, path))
        case .unexpected, .busy: return .unexpected
        case .stranded(_, let stranger):
            try keep(stranger, beside: path)
            return .unexpected
        }
    }

    func move(_ from: RelativePath, _ known: Known, to path: RelativePath) throws -> Placing {
        guard let expected = try expected(from, known) else { return .unexpected }
        let move = try asking { () throws(FileTreeError) in
            try root.move(from, to: path, expecting: expected.identity)
        }
        guard case .moved(let status) = move else { return .unexpected }
        var moved = try whole(status, path)
        // Somebody wrote to it meanwhile: what it is now has to be read.
        if !status.survivedRename(expected) { moved.stamp.ctime = Nanoseconds.min }
        return .done(moved)
    }

    /// While it is made it is nobody's bytes, which a start removes.
    private func copyOfLinked(
        _ path: RelativePath, _ mode: Mode, _ mtime: Nanoseconds?, _ expected: Fingerprint
    ) throws -> PrivateItem? {
        try asking { () throws(FileTreeError) in
            guard
                let copy = try root.copyOfLinked(
                    path, mode: mode, mtime: mtime, expecting: expected, into: area, named: Self.fetchName())
            else { return nil }
            return try copy.move(to: area, as: PrivateArea.randomName())
        }
    }

    func setAttributes(_ path: RelativePath, _ known: Known, mode: Mode, mtime: Nanoseconds?) throws -> Placing {
        guard let expected = try expected(path, known) else { return .unexpected }
        if let copy = try copyOfLinked(path, mode, mtime, expected) {
            if carried != .nothing, let extras = mode.extras {
                try asking { () throws(FileTreeError) in try copy.setExtras(extras) }
            }
            let item = try asking { () throws(FileTreeError) in try area.item(named: copy.name) } ?? copy
            let placing = try exchange(path, expected, with: item)
            if case .unexpected = placing, !isStray(copy.name) { try? item.discard() }
            return placing
        }
        let change = try asking { () throws(FileTreeError) in
            try root.setAttributes(path, mode: mode, mtime: mtime, expecting: expected)
        }
        guard case .set(let status) = change else { return .unexpected }
        try asking { () throws(FileTreeError) in try setExtras(of: path, status, mode) }
        return .done(try whole(status, path))
    }

    func remove(_ path: RelativePath, _ known: Known) throws -> Bool {
        if known.kind == .directory {
            guard let identity = try expected(path, known)?.identity else { return false }
            let removal = try asking { () throws(FileTreeError) in try root.removeDirectory(path, expecting: identity) }
            return removal == .removed
        }
        guard let expected = try expected(path, known) else { return false }
        let removal = try asking { () throws(FileTreeError) in
            try root.takeAway(path, expecting: expected, into: area, confirming: confirmation(known))
        }
        switch removal {
        case .taken(let item):
            try? item.remove()
            return true
        case .unexpected, .busy: return false
        case .stranded(_, let stranger):
            try keep(stranger, beside: path)
            return false
        }
    }

    func trash(_ path: RelativePath, _ known: Known) throws -> Bool {
        let trash = Trash(in: root)
        if known.kind == .directory {
            try trashing { try trash.makeDirectory(path) }
            return try remove(path, known)
        }
        guard let expected = try expected(path, known) else { return false }
        switch try trashing({ try trash.take(path, expecting: expected, confirming: confirmation(known)) }) {
        case .taken(let item):
            log.info("put_into_trash", ["path": path, "as": item.name])
            return true
        case .unexpected, .busy: return false
        case .stranded(_, let stranger):
            try keep(stranger, beside: path)
            return false
        }
    }

    private func trashing<Value>(_ body: () throws -> Value) throws -> Value {
        do { return try body() } catch let error as FileTreeError { throw DiskProblem(error) }
    }

    func makeDurable(_ directories: Set<RelativePath>, everything: Bool) throws {
        try asking { () throws(FileTreeError) in
            if everything || directories.count > 16 { return try root.syncFileSystem() }
            do throws(FileTreeError) {
                for directory in directories { try root.syncDirectory(directory) }
            } catch {
                // It is gone again, or has gone elsewhere with the names in it, and something else may be in its way.
                guard error.meansAbsent else { throw error }
                try root.syncFileSystem()
            }
        }
    }

    func discard(_ staged: StagedContent) { try? item(staged).remove() }

    // MARK: - Helpers

    /// - Parameter file: what it is to be when it is placed: bytes that were fetched may wait, and get another mode or time at
    ///   the hub meanwhile.
    private func item(_ staged: StagedContent, as file: FileContent? = nil) throws -> PrivateItem {
        let found = try find(staged)
        guard let file else { return found }
        let extras = carried == .nothing ? nil : file.mode.extras
        if found.status.mode == file.mode.bare, found.status.mtime == file.mtime, extras == nil { return found }
        try asking { () throws(FileTreeError) in
            if let extras { try found.setExtras(extras) }
            try found.setAttributes(mode: file.mode, mtime: file.mtime)
        }
        return try find(staged)
    }

    private func find(_ staged: StagedContent) throws -> PrivateItem {
        // What came out of the folder, and could not go back, has the name of what was to be placed until it gets one there.
        let name = (try? Name(staged.name)).flatMap { isStray($0) ? nil : $0 }
        let found = try asking { () throws(FileTreeError) in
            try name.flatMap { name throws(FileTreeError) in try area.item(named: name) }
        }
        guard let found else {
            throw DiskProblem(.notFound, "what was fetched is gone from the private area; it is fetched again")
        }
        return found
    }

    /// What must be there for it to be what the row tells of; nil if it is not. A ctime that could not be believed is not
    /// compared: see ``confirmation(_:)``. A directory that was made where a file was deleted has that file's inode,
    /// very often: the kind counts, and of a directory when it was made.
    private func expected(_ path: RelativePath, _ known: Known) throws -> Fingerprint? {
        guard let now = try asking({ () throws(FileTreeError) in try root.status(of: path) }),
            now.kind.node == known.kind
        else { return nil }
        let stamp = known.stamp
        if known.kind == .directory {
            let identity = FileIdentity(device: stamp.device, inode: stamp.inode)
            return now.isInode(identity, born: stamp.born) ? now.fingerprint : nil
        }
        var found = Stamp(now)
        if stamp.isDoubtful { found.ctime = stamp.ctime }
        return found == stamp ? now.fingerprint : nil
    }

    /// Where the stamp does not tell, the bytes that came out do.
    private func confirmation(_ known: Known) -> Confirmation? {
        guard known.kind == .file, known.stamp.isDoubtful else { return nil }
        return { item throws(FileTreeError) in try item.open().hash().digest == known.digest }
    }

    private func placing(_ path: RelativePath, _ body: () throws(FileTreeError) -> NewPlacement) throws -> Placing {
        guard case .placed(let status) = try asking(body) else { return .unexpected }
        return .done(try whole(status, path))
    }
}
