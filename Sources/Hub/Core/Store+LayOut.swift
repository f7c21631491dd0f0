internal import ControlAPI
internal import FileTree
import SyncCore

/// A content that is to be laid out: where it lies in the share, and what it has to be.
struct LayOutSource: Sendable {
    let path: RelativePath
    let content: FileContent
    /// A part of it; nil for all.
    var range: Range<Int64>?

    /// What is laid out, in bytes.
    var length: Int64 { range.map { $0.upperBound - $0.lowerBound } ?? content.size }
}

extension Store {
    /// Copies contents of the share into one file of a client's staging directory, one after the other. Blocks. What is
    /// copied is not hashed: who asked for it does that anyway.
    /// - Returns: its name there and where each content begins, -1 for what is not in the share as it should be; nil if
    ///   that is so of all.
    /// - Throws: ``FileTreeError``, `.noSpace`, …
    func layOut(
        _ sources: [LayOutSource?], for client: String
    ) throws(FileTreeError) -> (name: Name, offsets: [Int64])? {
        let area = try PrivateArea(path: layout.staging + "/" + client)
        let file = try area.newFile(named: Store.laidOutName())
        var offsets: [Int64] = []
        for source in sources {
            let offset = file.size
            guard let source, try append(source, to: file, isAlone: sources.count == 1) else {
                offsets.append(-1)
                continue
            }
            offsets.append(offset)
        }
        if !offsets.contains(where: { $0 >= 0 }) { return nil }
        return (try file.finish(mode: Mode(0o600), mtime: Nanoseconds(0), expecting: nil, sync: false).name, offsets)
    }

    /// - Returns: false if the share has something else there now; what was appended then is cut off again.
    private func append(
        _ source: LayOutSource, to file: StagedFile, isAlone: Bool
    ) throws(FileTreeError) -> Bool {
        let start = file.size
        do {
            let reader = try share.openFile(source.path)
            guard try reader.status().size == source.content.size else { return false }
            if let range = source.range {
                try file.append(range, of: reader, hashing: false)
                return true
            }
            if isAlone {
                if try file.clone(reader) { return true }
                try file.reserve(source.content.size)
            }
            try file.append(0..<source.content.size, of: reader, hashing: !isAlone)
            return true
        } catch {
            guard error.meansAbsence || error.reason == .changedWhileRead else { throw error }
            if file.size > start { try file.resize(to: start) }
            return false
        }
    }

    private static func laidOutName() -> Name {
        // SAFETY: hexadecimal digits with a prefix are a name.
        try! Name(LayOutResponse.prefix + PrivateArea.randomName().description)
    }
}
