package import SyncCore

extension TreeRoot {
    /// A file that has other names (hard links) can be replaced by this copy of it, so that what is done to it is not seen
    /// under those. Durable.
    /// - Parameters:
    ///   - mode: of the copy; nil as the file has it.
    ///   - mtime: of the copy, Unix nanoseconds; nil as the file has it.
    ///   - area: where it is made: it is not whole before this returns, so a place of which a start knows that.
    /// - Returns: nil for what is no file, has no other name, or is not what was expected.
    /// - Throws: ``FileTreeError``: `.noSpace`, `.denied`, `.changedWhileRead`, …
    package func copyOfLinked(
        _ path: RelativePath, mode: Mode? = nil, mtime: Nanoseconds? = nil, expecting expected: Fingerprint,
        into area: PrivateArea, named name: Name? = nil
    ) throws(FileTreeError) -> PrivateItem? {
        guard let there = try status(of: path), there.kind == .file, there.links > 1 else { return nil }
        let reader = try openFile(path)
        let before = try reader.status()
        guard before.fingerprint == expected else { return nil }
        let copy = try area.newFile(named: name)
        if try !copy.clone(reader) { try copy.append(0..<before.size, of: reader, hashing: false) }
        guard try reader.status().fingerprint == expected
        else { throw FileTreeError("copy", path, .changedWhileRead) }
        return try copy.finish(mode: mode ?? before.mode, mtime: mtime ?? before.mtime, expecting: nil, sync: true)
    }
}
