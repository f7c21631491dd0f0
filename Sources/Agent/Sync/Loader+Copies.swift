internal import Engine
internal import FileTree
internal import SyncCore

// Bytes that are on this machine are copied, shared where the file system can.
extension Loader {
    /// In bytes: the disk writes what is larger while the next one is copied.
    private static let worthBeginning: Int64 = 1 << 20

    /// - Returns: those that have to be fetched after all.
    func copyWhatIsHere(_ fetches: [Fetch], _ loaded: inout Loaded) throws -> [Fetch] {
        let sources = try here.sources(of: fetches)
        if sources.isEmpty { return fetches }
        var missing: [Fetch] = []
        for fetch in fetches {
            guard goesOn(), let copy = try copy(sources[fetch.file.digest] ?? [], fetch) else {
                missing.append(fetch)
                continue
            }
            loaded.arrived.append((fetch.node, copy))
        }
        return missing
    }

    /// The first of some files of the folder that is what it should be.
    private func copy(_ paths: [RelativePath], _ fetch: Fetch) throws -> StagedContent? {
        for path in paths {
            let copy = try attempt {
                let reader = try here.root.openFile(path)
                guard try reader.status().size == fetch.file.size else { return nil }
                let file = try newFile()
                if try !file.clone(reader) { try file.append(0..<fetch.file.size, of: reader) }
                return try finish(file, fetch, sync: false)
            }
            if let copy { return copy }
        }
        return nil
    }

    /// A copy of what has just come and has no name in the folder yet: nobody else can have written to it since it was verified,
    /// so it need not be hashed again.
    /// - Parameter hashing: when it may get its name meanwhile.
    func copy(
        of verified: StagedContent, _ fetch: Fetch, hashing: Bool = false, sync: Bool
    ) throws -> StagedContent? {
        guard verified.digest == fetch.file.digest else { return nil }
        return try attempt {
            guard let item = try area.item(named: try Name(verified.name)), item.status.size == fetch.file.size
            else { return nil }
            let reader = try item.open()
            let file = try newFile()
            if try !file.clone(reader) { try file.append(0..<fetch.file.size, of: reader, hashing: hashing) }
            if !sync, fetch.file.size >= Loader.worthBeginning { file.beginWriting() }
            return try finish(file, fetch, isVerified: !hashing && !file.believesHoles, sync: sync)
        }
    }

    /// Whatever fails here, the bytes are fetched; what goes wrong with that is told.
    private func attempt(_ body: () throws -> StagedContent?) throws -> StagedContent? {
        do { return try body() } catch is FileTreeError { return nil }
    }
}
