internal import CLinux
import Glibc
package import SyncCore

extension TreeRoot {
    /// What is there: of a symlink itself. Nil when absent, also when what should be a directory above it is none.
    /// - Throws: ``FileTreeError``.
    package func status(of path: RelativePath) throws(FileTreeError) -> FileStatus? {
        do throws(FileTreeError) {
            guard !path.isTop else { return root.status() }
            if fails(.asking) { throw FileTreeError("look at", path) }
            return try entry(path, "look at").status()
        } catch  where error.meansAbsent {
            return nil
        }
    }

    /// What is there under some names of one directory, in their order: as ``status(of:)``, with the directory looked up once.
    /// - Throws: ``FileTreeError``.
    package func statuses(of names: [Name], in directory: RelativePath) throws(FileTreeError) -> [FileStatus?] {
        let handle: Descriptor
        do { handle = try openDirectory(directory, "look at") } catch {
            if error.meansAbsent { return names.map { _ in nil } }
            throw error
        }
        var found: [FileStatus?] = []
        for name in names {
            if fails(.asking) { throw FileTreeError("look at", directory.appending(name)) }
            found.append(try lookAt(handle.raw, name.bytes, "look at", directory.appending(name).description))
        }
        return found
    }

    /// All entries but `.` and `..`, sorted by bytes. What vanishes meanwhile is left out.
    /// - Throws: ``FileTreeError``, `.notFound` or `.notDirectory` when there is no such directory.
    package func list(_ directory: RelativePath) throws(FileTreeError) -> [DirectoryEntry] {
        if fails(.listing) { throw FileTreeError("list", directory) }
        let handle = try openDirectory(directory, "list", flags: O_RDONLY)
        // Names that are no names cannot come from a Linux directory.
        let names = try names(in: handle.raw, "list", directory.description).compactMap { try? Name($0) }.sorted()
        var entries: [DirectoryEntry] = []
        entries.reserveCapacity(names.count)
        for name in names {
            guard let status = try lookAt(handle.raw, name.bytes, "list", directory.appending(name).description)
            else { continue }
            entries.append(DirectoryEntry(name: name, status: status))
        }
        return entries
    }

    /// The target of a symlink, as bytes.
    /// - Throws: ``FileTreeError``, `.unsupported` when it is no symlink.
    package func readLink(_ path: RelativePath) throws(FileTreeError) -> [UInt8] {
        try entry(path, "read the symlink").readLink()
    }

    /// Room on the file system of the top.
    package func space() throws(FileTreeError) -> FileSystemSpace { try FileSystemSpace(of: root, path) }
}

extension Entry {
    /// The target of a symlink.
    func readLink() throws(FileTreeError) -> [UInt8] {
        var size = 256
        while true {
            var buffer = [CChar](repeating: 0, count: size)
            let parent = directory.raw
            let count = withCString(name) { name in
                // SAFETY: the buffer is not empty.
                buffer.withUnsafeMutableBufferPointer { readlinkat(parent, name, $0.baseAddress!, $0.count) }
            }
            guard count >= 0 else { throw error("read the symlink") }
            if count < size { return buffer.prefix(count).map { UInt8(bitPattern: $0) } }
            size *= 4
        }
    }
}

/// The names in a directory but `.` and `..`, in the order of the disk. Leaves the descriptor open, its offset moved.
func names(in directory: Int32, _ operation: String, _ path: String) throws(FileTreeError) -> [[UInt8]] {
    let copy = openat(directory, ".", O_RDONLY | LINUX_O_DIRECTORY | O_CLOEXEC)
    guard copy >= 0, let stream = fdopendir(copy) else {
        let error = FileTreeError(operation, path)
        if copy >= 0 { close(copy) }
        throw error
    }
    defer { closedir(stream) }
    var names: [[UInt8]] = []
    while true {
        errno = 0
        guard let entry = readdir(stream) else {
            if errno != 0 { throw FileTreeError(operation, path) }
            return names
        }
        let name = entryName(entry)
        if name != [0x2E] && name != [0x2E, 0x2E] { names.append(name) }
    }
}

private func entryName(_ entry: UnsafeMutablePointer<dirent>) -> [UInt8] {
    // SAFETY: d_name is NUL-terminated within the record, which stands until the next readdir; the offset is the compiler's.
    let name = UnsafeRawPointer(entry).advanced(by: MemoryLayout<dirent>.offset(of: \.d_name)!)
    return Array(UnsafeRawBufferPointer(start: name, count: strnlen(name.assumingMemoryBound(to: CChar.self), 256)))
}
