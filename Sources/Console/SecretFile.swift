import Glibc

/// A new file of mode 0600, for what nobody else may read. It is there before the secret is: where it cannot be made nothing is asked for
/// that could then not be kept.
final class SecretFile {
    let path: [UInt8]
    private let descriptor: Int32

    /// - Throws: also when there is one already: it may hold something.
    init(_ path: [UInt8]) throws(Failure) {
        self.path = path
        descriptor = open(cString(path), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        if descriptor < 0 {
            if errno == EEXIST {
                throw Failure.failed("\(shown(path)) is there already; choose another name, or remove it")
            }
            throw Failure.failed("\(shown(path)) cannot be made (\(errorText(errno)))")
        }
    }

    deinit { close(descriptor) }

    func write(_ text: String) throws(Failure) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .failed("\(shown(path)) cannot be written (\(errorText(errno)))") }
            rest = rest.dropFirst(count)
        }
        guard fsync(descriptor) == 0 else { throw .failed("\(shown(path)) cannot be written (\(errorText(errno)))") }
    }

    /// Nothing came that belongs into it.
    func remove() { unlink(cString(path)) }
}
