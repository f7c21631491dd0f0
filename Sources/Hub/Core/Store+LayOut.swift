internal import FileTree
import SyncCore

extension Store {
    /// Copies a file of the share into a client's staging directory, verified on the way. Blocks.
    /// - Returns: its name there.
    /// - Throws: ``FileTreeError``, `.noSpace` before anything is copied, `.wrongContent` if the bytes are others.
    func layOut(_ path: RelativePath, _ content: FileContent, for client: String) throws(FileTreeError) -> Name {
        let area = try PrivateArea(path: layout.staging + "/" + client)
        let reader = try share.openFile(path)
        guard try reader.status().size == content.size else {
            throw FileTreeError("lay out", path, .changedWhileRead)
        }
        let file = try area.newFile()
        if try !file.clone(reader) {
            try file.reserve(content.size)
            try file.append(0..<content.size, of: reader)
        }
        return try file.finish(mode: Mode(0o600), mtime: content.mtime, expecting: content.digest, sync: false).name
    }
}
