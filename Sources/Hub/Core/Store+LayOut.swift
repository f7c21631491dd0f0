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

/// A pack that lies ready.
struct LaidOut: Sendable {
    /// Nil for the client's staging directory.
    let directory: String?
    let name: Name
    /// For each content; -1 for what is not in the share as it should be.
    let offsets: [Int64]
}

extension Store {
    /// Copies contents of the share into one file of a client's staging directory, one after the other. Blocks. What is
    /// copied is not hashed: who asked for it does that anyway.
    /// - Parameter memory: where it may lie instead.
    /// - Returns: where it lies and where each content begins, -1 for what is not in the share as it should be; nil if
    ///   that is so of all.
    /// - Throws: ``FileTreeError``, `.noSpace`, …
    func layOut(
        _ sources: [LayOutSource?], for client: String, in memory: PackMemory?
    ) throws(FileTreeError) -> LaidOut? {
        let size = sources.reduce(Int64(0)) { $0 + ($1?.length ?? 0) }
        let found = try memory?.write(size, for: client) { area throws(FileTreeError) in
            [try self.layOut(sources, in: area, isInMemory: true)]
        }
        if let found { return found[0] }
        return try layOut(sources, in: stagingArea(of: client), isInMemory: false)
    }

    /// Reads contents of the share one after the other, into memory. Blocks. What is read is not hashed, as above.
    /// - Parameter size: of all of them together, in bytes.
    /// - Returns: the bytes, and where each content begins, -1 for what is not in the share as it should be; nil if that is
    ///   so of all.
    func gather(
        _ sources: [LayOutSource?], _ size: Int64
    ) throws(FileTreeError) -> (bytes: [UInt8], offsets: [Int64])? {
        var bytes = [UInt8](repeating: 0, count: Int(size))
        var offsets: [Int64] = []
        var end = 0
        for source in sources {
            guard let source, try read(source, into: &bytes, at: end) else {
                offsets.append(-1)
                continue
            }
            offsets.append(Int64(end))
            end += Int(source.length)
        }
        if !offsets.contains(where: { $0 >= 0 }) { return nil }
        bytes.removeLast(bytes.count - end)
        return (bytes, offsets)
    }

    /// - Returns: false if the share has something else there now.
    private func read(
        _ source: LayOutSource, into bytes: inout [UInt8], at position: Int
    ) throws(FileTreeError) -> Bool {
        do {
            let reader = try share.openFile(source.path)
            guard try reader.status().size == source.content.size else { return false }
            let room = position..<position + Int(source.length)
            let start = source.range?.lowerBound ?? 0
            let found = bytes.withUnsafeMutableBytes { all in
                Result { () throws(FileTreeError) in
                    try reader.read(into: UnsafeMutableRawBufferPointer(rebasing: all[room]), at: start)
                }
            }
            return try found.get() == room.count
        } catch {
            guard error.meansAbsence || error.reason == .changedWhileRead else { throw error }
            return false
        }
    }

    private func layOut(
        _ sources: [LayOutSource?], in area: PrivateArea, isInMemory: Bool
    ) throws(FileTreeError) -> LaidOut? {
        let file = try area.newFile(named: Store.laidOutName())
        var pack = Pack(file: file)
        var offsets: [Int64] = []
        for source in sources {
            let offset = pack.size
            guard let source, try append(source, to: &pack, isAlone: sources.count == 1) else {
                offsets.append(-1)
                continue
            }
            offsets.append(offset)
        }
        if !offsets.contains(where: { $0 >= 0 }) { return nil }
        try pack.write()
        let item = try file.finish(mode: Mode(0o600), mtime: Nanoseconds(0), expecting: nil, sync: false)
        return LaidOut(directory: isInMemory ? area.path : nil, name: item.name, offsets: offsets)
    }

    /// - Returns: false if the share has something else there now.
    private func append(
        _ source: LayOutSource, to pack: inout Pack, isAlone: Bool
    ) throws(FileTreeError) -> Bool {
        do {
            let reader = try share.openFile(source.path)
            if source.range == nil, !isAlone, source.content.size < Pack.gathered {
                return try pack.append(source.content.size, of: reader)
            }
            guard try reader.status().size == source.content.size else { return false }
            let range = source.range ?? 0..<source.content.size
            return try pack.append(range, of: reader, isWhole: isAlone && source.range == nil)
        } catch {
            guard error.meansAbsence || error.reason == .changedWhileRead else { throw error }
            return false
        }
    }

    private static func laidOutName() -> Name {
        // SAFETY: hexadecimal digits with a prefix are a name.
        try! Name(LayOutResponse.prefix + PrivateArea.randomName().description)
    }
}

/// A file into which contents are copied one after the other. Small ones are gathered, and written together.
private struct Pack {
    /// A content of this size, in bytes, is written alone; so much is written at once.
    static let gathered: Int64 = 1 << 20
    let file: StagedFile
    private var waiting: [UInt8] = []

    init(file: StagedFile) { self.file = file }

    /// With what waits to be written.
    var size: Int64 { file.size + Int64(waiting.count) }

    /// - Returns: false, with nothing appended, if the file has another size.
    mutating func append(_ size: Int64, of reader: FileReader) throws(FileTreeError) -> Bool {
        let bytes = try reader.read(at: 0, count: Int(size) + 1)
        guard bytes.count == size else { return false }
        waiting += bytes
        if waiting.count >= Pack.gathered { try write() }
        return true
    }

    /// - Parameter isWhole: of the file that is alone in the pack.
    /// - Returns: false, with nothing appended, if the file is shorter by now.
    mutating func append(
        _ range: Range<Int64>, of reader: FileReader, isWhole: Bool
    ) throws(FileTreeError) -> Bool {
        try write()
        let start = file.size
        do {
            if isWhole {
                if try file.clone(reader) { return true }
                try file.reserve(range.upperBound)
            }
            try file.append(range, of: reader, hashing: false)
            return true
        } catch {
            guard error.reason == .changedWhileRead else { throw error }
            if file.size > start { try file.resize(to: start) }
            return false
        }
    }

    mutating func write() throws(FileTreeError) {
        if waiting.isEmpty { return }
        try file.append(unhashed: waiting)
        waiting.removeAll(keepingCapacity: true)
    }
}
