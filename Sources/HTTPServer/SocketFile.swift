import Glibc

/// The file of a unix socket, known by its inode.
struct SocketFile: Sendable {
    let path: String
    private let device: dev_t
    private let inode: ino_t

    /// - Returns: nil when there is no such file.
    init?(_ path: String) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return nil }
        self.path = path
        device = status.st_dev
        inode = status.st_ino
    }

    /// Removes the file, unless another one has taken its name.
    // RACE: a server that starts between the look and the removal loses its socket file; it would have had to replace
    // ours within these microseconds.
    func remove() {
        guard let now = SocketFile(path), now.device == device, now.inode == inode else { return }
        unlink(path)
    }

    /// Removes a socket file of ours that nobody listens on.
    static func removeStale(_ path: String) throws(HTTPServerError) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK, status.st_uid == geteuid() else { throw .occupied(path: path) }
        if isServed(path) { throw .alreadyServed(path: path) }
        unlink(path)
    }

    private static func isServed(_ path: String) -> Bool {
        guard var name = unixAddress(path) else { return false }
        let descriptor = socket(
            AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0 else { return true }
        defer { close(descriptor) }
        // EAGAIN is a full queue: somebody listens, if slowly.
        return withSocketAddress(&name) { connect(descriptor, $0, $1) } == 0 || errno == EAGAIN
    }
}
