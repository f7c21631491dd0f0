internal import ControlAPI
internal import FileTree
import SyncCore

/// A recipe, and where what it needs may lie.
struct RecipeSource: Sendable {
    let recipe: Recipe
    /// For each base.
    let bases: [BaseSource]
    /// Has the new bytes, from an offset on; nil if there are none.
    let staged: Name?
    let offset: Int64
}

/// Where the bytes of a base may lie.
struct BaseSource: Sendable {
    let digest: Digest
    /// Live files that are to have them.
    let paths: [RelativePath]
    /// Whether the client may be given what lies in `versions/`.
    let mayBeOld: Bool
}

extension Store {
    /// Puts a content together in a private file, and verifies it. That a base is what it is called is not looked at: if it is
    /// not, the whole is wrong.
    /// - Parameters:
    ///   - area: where it is made; ``incoming`` unless given.
    ///   - sync: whether it is durable afterwards.
    /// - Returns: nil if something that is needed is not there.
    /// - Throws: ``FileTreeError``, `.wrongContent`, `.cancelled`, …
    func build(
        _ source: RecipeSource, staging: TreeRoot?, as content: FileContent, in area: PrivateArea? = nil,
        sync: Bool = false, cancelled: () -> Bool = { false }
    ) throws(FileTreeError) -> PrivateItem? {
        var bases: [FileReader] = []
        for base in source.bases {
            guard let reader = try open(base) else { return nil }
            bases.append(reader)
        }
        var new: FileReader?
        if let name = source.staged {
            guard let staging else { return nil }
            let reader = try staging.openFile(RelativePath([name]))
            // The size comes from a client: before anything is counted with it.
            let there = try reader.status().size
            guard source.offset <= there, source.recipe.newBytes <= there - source.offset else { return nil }
            new = reader
        }
        func put(askingForHoles asks: Bool) throws(FileTreeError) -> StagedFile {
            let file = try (area ?? incoming).newFile()
            file.asksForHoles = asks
            try file.append(source.recipe, bases: bases, new: new, from: source.offset, cancelled: cancelled)
            return file
        }
        let file = try put(askingForHoles: true)
        do throws(FileTreeError) {
            return try file.finish(mode: content.mode, mtime: content.mtime, expecting: content.digest, sync: sync)
        } catch {
            guard case .wrongContent = error.reason, file.hasSkippedHoles else { throw error }
        }
        // Perhaps a file system told of holes where there are none: all of it is read.
        return try put(askingForHoles: false).finish(
            mode: content.mode, mtime: content.mtime, expecting: content.digest, sync: sync)
    }

    private func open(_ base: BaseSource) throws(FileTreeError) -> FileReader? {
        if base.mayBeOld, let version = try version(base.digest) { return try version.open() }
        for path in base.paths { if let reader = try? share.openFile(path) { return reader } }
        return nil
    }

    /// What a live file consists of; nil if it is not what it should be.
    func chunkList(of path: RelativePath, expecting digest: Digest) -> ChunkList? {
        guard let cut = try? share.openFile(path).hashInChunks(), cut.hashed.digest == digest else { return nil }
        return cut.list
    }
}
