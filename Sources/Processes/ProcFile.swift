import Glibc

/// The bytes of a file of /proc, which has no size; nil if it cannot be read (the process is gone, or not ours).
func procFile(_ path: String) -> [UInt8]? {
    let raw = open(path, O_RDONLY | O_CLOEXEC)
    guard raw >= 0 else { return nil }
    let file = PipeEnd(raw)
    var bytes: [UInt8] = []
    while let block = file.read() {
        if block.isEmpty { return bytes }
        bytes += block
    }
    return nil
}

/// The names in a directory of /proc.
func procNames(_ path: String) -> [String] {
    guard let stream = opendir(path) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
        // SAFETY: d_name is NUL-terminated within the record, which stands until the next readdir; the offset is the compiler's.
        let name = UnsafeRawPointer(entry).advanced(by: MemoryLayout<dirent>.offset(of: \.d_name)!)
        names.append(String(cString: name.assumingMemoryBound(to: CChar.self)))
    }
    return names
}

/// Where a symlink of /proc leads; nil if it cannot be read.
func procLink(_ path: String) -> String? {
    var buffer = [CChar](repeating: 0, count: 4096)
    let count = readlink(path, &buffer, buffer.count)
    guard count > 0 else { return nil }
    return String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
