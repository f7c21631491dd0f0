internal import ControlAPI
internal import Engine
internal import FileTree
internal import Index
internal import SyncCore
internal import Transport

/// Lays out what a commit has to send: small contents one after the other in a pack, large ones each in a file of its own.
struct Upload {
    /// A file in the staging directory.
    struct File {
        var name: String
        var parts: [UploadPart]
        /// What lies in it.
        var digests: Set<Digest> = []
    }
    private let root: TreeRoot
    private let packed: Int64
    private let ahead: Set<Digest>
    private let recipes: [Digest: Recipe]
    private(set) var files: [File] = []
    /// In bytes.
    private(set) var bytes: Int64 = 0
    private let fresh: FreshContents?
    /// Holds the descriptors open until the upload is over.
    private var readers: [FileReader] = []
    private var pack = File(name: "pack-" + Generation.random(), parts: [])
    private var packSize: Int64 = 0
    private var placed: [Digest: ContentSource] = [:]
    /// What the request may bring along in itself, in bytes; 0 for nothing.
    private let inline: Int64
    /// Whether all that is new goes along in the request.
    private var isInline = false
    /// What may come behind the request, in bytes; 0 for nothing.
    private let mostBehind: Int64
    /// Whether all that is new comes behind the request.
    private var isBehind = false
    /// What comes behind the request.
    private(set) var behind: [UInt8] = []

    /// - Parameters:
    ///   - packed: the largest content that goes into a pack, in bytes.
    ///   - ahead: what was staged ahead, each in a file of its own.
    ///   - recipes: for contents of which only new bytes are sent.
    ///   - inline: how many bytes of contents the hub takes in the request itself.
    ///   - behind: how many bytes of contents may come behind the request.
    ///   - fresh: what need not be read again.
    init(
        root: TreeRoot, packed: Int64, ahead: Set<Digest> = [], recipes: [Digest: Recipe] = [:], inline: Int64 = 0,
        behind mostBehind: Int64 = 0, fresh: FreshContents? = nil
    ) {
        self.mostBehind = mostBehind
        self.fresh = fresh
        self.ahead = ahead
        self.root = root
        self.packed = packed
        self.recipes = recipes
        self.inline = inline
    }

    /// - Parameter putOff: called for each entry whose bytes cannot be had as they were hashed; its operation is left out.
    /// - Returns: the operations, each with where its bytes will lie.
    mutating func prepare(
        _ commit: Commit, putOff: (EntryID, DiskProblem) throws -> Void
    ) throws -> [OperationMessage] {
        var messages: [OperationMessage] = []
        isInline = fitsInline(commit)
        isBehind = !isInline && fitsBehind(commit)
        for item in commit.items {
            do {
                messages.append(OperationMessage(item.operation, source: try source(item)))
            } catch let problem as DiskProblem {
                if let entry = item.inflight.entry { try putOff(entry, problem) }
            }
        }
        if !pack.parts.isEmpty { files.append(pack) }
        return messages
    }

    private mutating func source(_ item: Commit.Item) throws -> ContentSource? {
        guard let file = item.file else { return nil }
        if file.size == 0 {
            try checkEmpty(item)
            return nil
        }
        if item.isKnown { return .known }
        if ahead.contains(file.digest) { return .staged(file: BulkUp.name(of: file.digest), offset: 0) }
        if let source = placed[file.digest] { return source }
        let source = try add(file, item)
        // What came in the request itself is at the hub for what follows in it.
        placed[file.digest] = isInline || isBehind ? .known : source
        return source
    }

    /// A little needs no file in staging, and so no round trips for one.
    private func fitsInline(_ commit: Commit) -> Bool {
        var seen: Set<Digest> = []
        let sizes = commit.items.compactMap { item in
            item.isKnown ? nil : item.file.flatMap { seen.insert($0.digest).inserted ? $0.size : nil }
        }
        return InlineContents.fit(sizes) && sizes.reduce(0, +) <= inline
    }

    /// Nor do a few thousand small ones.
    private func fitsBehind(_ commit: Commit) -> Bool {
        guard mostBehind > 0, recipes.isEmpty else { return false }
        var seen: Set<Digest> = []
        var total: Int64 = 0
        for item in commit.items where !item.isKnown {
            guard let file = item.file, !ahead.contains(file.digest), seen.insert(file.digest).inserted else {
                continue
            }
            total += file.size
            if file.size > packed || total > mostBehind { return false }
        }
        return true
    }

    /// There are no bytes to send; but they may have come since, as where a program empties a file and then writes it.
    private func checkEmpty(_ item: Commit.Item) throws {
        guard let path = item.path, let stamp = item.stamp else { return }
        do throws(FileTreeError) {
            // What cannot be opened can be empty, too.
            guard let status = try root.status(of: path), stamp.isThat(of: status) else {
                throw FileTreeError("read", path, .changedWhileRead)
            }
        } catch { throw DiskProblem(error) }
    }

    private mutating func add(_ file: FileContent, _ item: Commit.Item) throws -> ContentSource {
        guard let path = item.path, let stamp = item.stamp else { throw DiskProblem(.notFound, "it is gone") }
        if recipes[file.digest] == nil, let content = fresh?.take(file.digest), content.count == file.size {
            bytes += file.size
            return isInline ? .inline(content) : addToPack(content, file.digest)
        }
        do throws(FileTreeError) {
            let reader = try root.openFile(path)
            guard try stamp.isThat(of: reader.status()) else {
                throw FileTreeError("read", path, .changedWhileRead)
            }
            if isInline {
                let content = try reader.read(at: 0, count: Int(file.size))
                guard Int64(content.count) == file.size else { throw FileTreeError("read", path, .changedWhileRead) }
                bytes += file.size
                return .inline(content)
            }
            if let recipe = recipes[file.digest] { return addToPack(reader, recipe, file.digest) }
            if file.size <= packed { return try addToPack(reader, file, path) }
            let name = "file-" + Generation.random()
            let part = UploadPart.file(descriptor: reader.rawDescriptor, length: file.size)
            files.append(File(name: name, parts: [part], digests: [file.digest]))
            readers.append(reader)
            bytes += file.size
            return .staged(file: name, offset: 0)
        } catch {
            throw DiskProblem(error)
        }
    }

    private mutating func addToPack(_ reader: FileReader, _ recipe: Recipe, _ digest: Digest) -> ContentSource {
        if recipe.newBytes == 0 { return .recipe(recipe, file: nil, offset: 0) }
        let offset = packSize
        pack.parts += recipe.newRanges.map { .range(descriptor: reader.rawDescriptor, $0) }
        pack.digests.insert(digest)
        readers.append(reader)
        packSize += recipe.newBytes
        bytes += recipe.newBytes
        return .recipe(recipe, file: pack.name, offset: offset)
    }

    private mutating func addToPack(
        _ reader: FileReader, _ file: FileContent, _ path: RelativePath
    ) throws(FileTreeError) -> ContentSource {
        let content = try reader.read(at: 0, count: Int(file.size))
        guard Int64(content.count) == file.size else { throw FileTreeError("read", path, .changedWhileRead) }
        bytes += file.size
        return addToPack(content, file.digest)
    }

    private mutating func addToPack(_ content: [UInt8], _ digest: Digest) -> ContentSource {
        if isBehind {
            let offset = Int64(behind.count)
            behind += content
            return .behind(offset: offset)
        }
        let offset = packSize
        pack.parts.append(.bytes(content))
        pack.digests.insert(digest)
        packSize += Int64(content.count)
        return .staged(file: pack.name, offset: offset)
    }
}

extension Stamp {
    /// Whether a file still looks so. A ctime that could not be believed is not compared.
    func isThat(of status: FileStatus) -> Bool {
        var now = Stamp(status)
        if isDoubtful { now.ctime = ctime }
        return now == self
    }
}
