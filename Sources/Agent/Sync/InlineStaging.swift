internal import Engine
internal import FileTree
internal import SyncCore

/// Brings bytes that came in a message into a private file, whole, verified and durable.
enum InlineStaging {
    /// - Throws: ``FileTreeError``: `.wrongContent`, `.noSpace`, … Nothing is left then.
    static func stage(_ bytes: [UInt8], as file: FileContent, in area: PrivateArea) throws(FileTreeError)
        -> StagedContent
    {
        let staged = try area.newFile(named: DiskTree.fetchName())
        try staged.append(bytes)
        let item = try staged.finish(mode: file.mode, mtime: file.mtime, expecting: file.digest, sync: true)
        return StagedContent(
            name: String(decoding: item.name.bytes, as: UTF8.self), digest: file.digest, isDurable: true)
    }
}
