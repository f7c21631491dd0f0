internal import ControlAPI
internal import FileTree
import SyncCore

/// Gets verified bytes into private files for one commit (DESIGN §6, step 1). Used by one thread; blocks.
final class Fetcher {
    private let store: Store
    private let staging: TreeRoot?
    private let adoptedFrom: Int64
    private(set) var items: [OperationID: PrivateItem] = [:]
    private var byDigest: [Digest: PrivateItem] = [:]
    /// The staged file that was looked into last: a pack has many contents one after the other.
    private var pack: (name: Name, reader: FileReader, status: FileStatus)?
    /// Staged files that were taken over whole, to be given back if the commit fails.
    private var adopted: [(item: PrivateItem, name: Name)] = []
    private let client: String
    /// Recipes that gave the right bytes.
    private(set) var followed: [(digest: Digest, recipe: Recipe)] = []
    /// What was made ready for this commit, and was not needed yet.
    private var ready: [Digest: ReadyContent]
    /// Staged files that were removed since all of them has been copied.
    private(set) var dropped: Set<Name> = []
    /// What was made ready and is in ``items``.
    private var named: [(item: PrivateItem, ready: ReadyContent)] = []
    private let isKeeping: Bool
    /// Copies of what was fetched, which nobody can write to; the caller's.
    private var copies: [Digest: PrivateItem] = [:]

    /// - Parameters:
    ///   - ready: what was made ready for this commit; what is left of it is the caller's again, see ``giveUp()``.
    ///   - isKeeping: whether what is fetched becomes current, and is to be kept beside the share.
    init(
        _ store: Store, client: String, adoptedFrom: Int64, ready: [ReadyContent] = [], isKeeping: Bool = false
    ) {
        self.store = store
        self.isKeeping = isKeeping
        self.client = client
        self.adoptedFrom = adoptedFrom
        self.ready = Dictionary(ready.map { ($0.digest, $0) }) { first, _ in first }
        staging = store.staging(of: client)
    }

    /// Afterwards ``items`` has a file for each need that could be met, durable.
    /// - Throws: ``FileTreeError`` when the disk fails or is full: the whole commit fails then.
    func fetch(_ needs: [ContentNeed]) throws(FileTreeError) {
        for need in needs {
            guard let item = try get(need, isAlone: { ContentNeed.isAlone($0, in: needs) }) else { continue }
            items[need.operation] = item
            byDigest[need.content.digest] = item
        }
        pack = nil
        dropPacks(needs)
        try store.sync(incoming: Array(items.values))
        // Afterwards, so that sharing blocks waits for no disk.
        if isKeeping { keepCopies() }
    }

    private func keepCopies() {
        for (digest, item) in byDigest where store.sizeOfVersion(digest) != item.status.size {
            copies[digest] = store.copyToKeep(ofVerified: item, digest)
        }
    }

    /// The copies that were made, for whoever has decided what becomes current.
    func takeCopies() -> [Digest: PrivateItem] {
        defer { copies = [:] }
        return copies
    }

    /// Removes staged files of which all has been copied: what is gone before the disk writes it is never written. Who commits the
    /// same again because this failed sends them again.
    private func dropPacks(_ needs: [ContentNeed]) {
        var used: [Name: Bool] = [:]
        for need in needs {
            guard case .staged(let name, _) = need.source, !name.description.hasPrefix(StagedResponse.prefix)
            else { continue }
            used[name] = used[name, default: true] && items[need.operation] != nil
        }
        if used.isEmpty { return }
        guard let area = try? store.stagingArea(of: client) else { return }
        for (name, isCopied) in used where isCopied && (try? area.remove(name)) != nil { dropped.insert(name) }
    }

    /// The commit did not happen: what was taken over goes back, the copies go away. Best effort; a start collects the rest.
    /// - Returns: what is ready still, for the same commit when it comes again.
    func giveUp() -> [ReadyContent] {
        let area = adopted.isEmpty ? nil : try? store.stagingArea(of: client)
        for (item, name) in adopted {
            // As it was staged: it may be taken over again.
            if let area, let back = try? item.move(to: area, as: name) {
                try? back.setAttributes(mode: Mode(0o600), mtime: Nanoseconds(0))
            }
        }
        var left = Array(ready.values)
        for (item, was) in named { if let back = takeBack(item, was) { left.append(back) } }
        for item in items.values { try? item.remove() }
        for copy in takeCopies().values { try? copy.remove() }
        return left
    }

    /// The commit happened, and some of what was made ready has found no use: it is ready still.
    /// - Parameter isUsed: whether a file of ``items`` has got a name, or is to get one.
    func leftOver(_ isUsed: (PrivateItem) -> Bool) -> [ReadyContent] {
        var left = Array(ready.values)
        for (item, was) in named where !isUsed(item) { if let back = takeBack(item, was) { left.append(back) } }
        (ready, named) = ([:], [])
        return left
    }

    private func takeBack(_ item: PrivateItem, _ was: ReadyContent) -> ReadyContent? {
        guard let area = try? store.ahead(of: client), let back = try? item.move(to: area, as: was.item.name) else {
            return nil
        }
        try? back.setAttributes(mode: Mode(0o600), mtime: Nanoseconds(0))
        guard let again = try? area.item(named: was.item.name) else { return nil }
        return ReadyContent(item: again, digest: was.digest, client: was.client, recipe: was.recipe)
    }

    /// Gives what was made ready mode and time of the commit: no byte of it is read.
    private func name(_ found: ReadyContent, as content: FileContent) throws(FileTreeError) -> PrivateItem? {
        try attempt { () throws(FileTreeError) in
            let moved = try found.item.move(to: self.store.incoming, as: PrivateArea.randomName())
            try moved.setAttributes(mode: content.mode, mtime: content.mtime)
            guard let item = try self.store.incoming.item(named: moved.name) else { return nil }
            self.named.append((item, found))
            if let recipe = found.recipe { self.followed.append((found.digest, recipe)) }
            return item
        }
    }

    /// Nil when the bytes are not there or are not what was promised.
    private func get(_ need: ContentNeed, isAlone: (Name) -> Bool) throws(FileTreeError) -> PrivateItem? {
        if need.content.size == 0 {
            guard need.content.digest == .empty else { return nil }
            return try store.incoming.newFile().finish(
                mode: need.content.mode, mtime: need.content.mtime, expecting: nil, sync: false)
        }
        if let earlier = byDigest[need.content.digest] {
            guard earlier.status.size == need.content.size else { return nil }
            let copy = try attempt { () throws(FileTreeError) in
                try self.store.copy(ofVerified: earlier, as: need.content)
            }
            if let copy { return copy }
        }
        if let found = ready[need.content.digest], found.item.status.size == need.content.size {
            ready[need.content.digest] = nil
            if let item = try name(found, as: need.content) { return item }
        }
        switch need.source {
        case .inline(let bytes): return try inline(need.content, bytes)
        case .staged(let file, let offset): return try staged(need.content, file, offset, isAlone: isAlone)
        case .known(let base): return try known(need.content, base)
        case .recipe(let source):
            let item = try attempt { () throws(FileTreeError) in
                try self.store.build(source, staging: self.staging, as: need.content)
            }
            if item != nil { followed.append((need.content.digest, source.recipe)) }
            return item
        }
    }

    private func inline(_ content: FileContent, _ bytes: ArraySlice<UInt8>) throws(FileTreeError) -> PrivateItem? {
        guard Int64(bytes.count) == content.size else { return nil }
        return try attempt { () throws(FileTreeError) in
            let file = try self.store.incoming.newFile(mode: content.mode)
            try file.append(bytes)
            return try file.finish(
                mode: content.mode, mtime: content.mtime, expecting: content.digest, sync: false)
        }
    }

    private func staged(
        _ content: FileContent, _ file: Name, _ offset: Int64, isAlone: (Name) -> Bool
    ) throws(FileTreeError) -> PrivateItem? {
        guard let staging else { return nil }
        return try attempt { () throws(FileTreeError) in
            let (reader, status) = try self.open(file, in: staging)
            guard offset <= status.size, content.size <= status.size - offset else { return nil }
            if offset == 0, content.size == status.size, content.size >= self.adoptedFrom, isAlone(file),
                let item = try self.adopt(status, file, content)
            {
                return item
            }
            return try self.store.verifiedCopy(of: reader, of: status.size, from: offset, as: content)
        }
    }

    /// A staged file, with what it was like when it was opened. One that is cut off since is found too short when it is read.
    private func open(
        _ name: Name, in staging: TreeRoot
    ) throws(FileTreeError) -> (reader: FileReader, status: FileStatus) {
        if let pack, pack.name == name { return (pack.reader, pack.status) }
        let reader = try staging.openFile(RelativePath([name]))
        let status = try reader.status()
        pack = (name, reader, status)
        return (reader, status)
    }

    /// Takes over a staged file itself.
    /// - Returns: nil where somebody else may still write to it: a copy is made then.
    private func adopt(
        _ status: FileStatus, _ name: Name, _ content: FileContent
    ) throws(FileTreeError) -> PrivateItem? {
        guard status.links == 1 else { return nil }
        let item: PrivateItem
        switch try store.takeOver(name, of: client, expecting: status, into: store.incoming) {
        case .isOpen, .changed: return nil
        case .unknown(let taken):
            store.giveBack(taken, as: name, of: client)
            return nil
        case .ours(let taken): item = taken
        }
        do throws(FileTreeError) {
            guard let file = try store.incoming.resumeFile(named: item.name) else { return nil }
            file.keep()
            let verified = try file.finish(
                mode: content.mode, mtime: content.mtime, expecting: content.digest, sync: false)
            adopted.append((verified, name))
            return verified
        } catch {
            store.giveBack(item, as: name, of: client)
            throw error
        }
    }

    private func known(_ content: FileContent, _ base: BaseSource) throws(FileTreeError) -> PrivateItem? {
        if base.mayBeOld, let version = try store.version(content.digest),
            let found = try attempt({ () throws(FileTreeError) in try self.whole(version.open(), content) })
        {
            return found
        }
        for path in base.paths {
            let found = try attempt { () throws(FileTreeError) in
                try self.whole(self.store.share.openFile(path), content)
            }
            if let found { return found }
        }
        return nil
    }

    /// A copy of a file that is to be this content from its first byte to its last; nil if its size is another.
    private func whole(_ reader: FileReader, _ content: FileContent) throws(FileTreeError) -> PrivateItem? {
        guard try reader.status().size == content.size else { return nil }
        return try store.verifiedCopy(of: reader, as: content)
    }

    /// What makes bytes missing is a value; what makes the disk unfit is thrown.
    private func attempt(_ body: () throws(FileTreeError) -> PrivateItem?) throws(FileTreeError) -> PrivateItem? {
        do { return try body() } catch {
            if error.leavesBytesMissing { return nil }
            throw error
        }
    }
}
