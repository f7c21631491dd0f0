import Glibc

/// A socket that listens, owned until it is taken or closed.
struct ListeningSocket: ~Copyable {
    let descriptor: Int32
    /// The address with the port that was found.
    let address: HTTPListenAddress
    /// The socket file as it was bound, so that nobody else's is removed at the end.
    let file: SocketFile?

    static func open(_ address: HTTPListenAddress) throws(HTTPServerError) -> ListeningSocket {
        switch address {
        case .loopback(let port): try openLoopback(port)
        case .unix(let path): try openUnix(path)
        }
    }

    /// - Throws: with what it was that failed, after closing the socket.
    private static func check(
        _ result: Int32, _ call: String, _ descriptor: Int32, _ address: HTTPListenAddress
    ) throws(HTTPServerError) {
        guard result != 0 else { return }
        let code = errno
        Glibc.close(descriptor)
        throw .cannotListen(on: address, call: call, errno: code)
    }

    private static func newSocket(_ family: Int32, _ address: HTTPListenAddress) throws(HTTPServerError) -> Int32 {
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let descriptor = socket(family, kind, 0)
        guard descriptor >= 0 else { throw .cannotListen(on: address, call: "socket", errno: errno) }
        return descriptor
    }

    private static func openLoopback(_ port: UInt16) throws(HTTPServerError) -> ListeningSocket {
        let wanted = HTTPListenAddress.loopback(port: port)
        let descriptor = try newSocket(AF_INET, wanted)
        var on: Int32 = 1
        let size = socklen_t(MemoryLayout<Int32>.size)
        try check(setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, size), "setsockopt", descriptor, wanted)
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = port.bigEndian
        name.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        try check(withSocketAddress(&name) { bind(descriptor, $0, $1) }, "bind", descriptor, wanted)
        try check(listen(descriptor, backlog), "listen", descriptor, wanted)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        try check(
            withSocketAddress(&name) { found, _ in getsockname(descriptor, found, &length) }, "getsockname", descriptor,
            wanted)
        return ListeningSocket(
            descriptor: descriptor, address: .loopback(port: UInt16(bigEndian: name.sin_port)), file: nil)
    }

    private static func openUnix(_ path: String) throws(HTTPServerError) -> ListeningSocket {
        let wanted = HTTPListenAddress.unix(path: path)
        guard var name = unixAddress(path) else { throw .pathTooLong(path: path) }
        try SocketFile.removeStale(path)
        let descriptor = try newSocket(AF_UNIX, wanted)
        // Linux gives the file the mode of the unbound socket, so it never exists with another one (unix_bind_bsd).
        try check(fchmod(descriptor, 0o600), "fchmod", descriptor, wanted)
        try check(withSocketAddress(&name) { bind(descriptor, $0, $1) }, "bind", descriptor, wanted)
        let file = SocketFile(path)
        try check(listen(descriptor, backlog), "listen", descriptor, wanted)
        return ListeningSocket(descriptor: descriptor, address: wanted, file: file)
    }

    private static let backlog: Int32 = 128
}

/// Gives a socket address of any family as the C calls take it.
func withSocketAddress<Address, Result>(
    _ address: inout Address, _ body: (UnsafeMutablePointer<sockaddr>, socklen_t) -> Result
) -> Result {
    let size = socklen_t(MemoryLayout<Address>.size)
    return withUnsafeMutablePointer(to: &address) {
        // SAFETY: the kernel reads `size` bytes at most, which is the size of the real type.
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, size) }
    }
}

/// - Returns: nil when the path (in bytes) does not fit `sun_path` with its NUL.
func unixAddress(_ path: String) -> sockaddr_un? {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8)
    guard !bytes.isEmpty, bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { return nil }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    return address
}

/// The text of an `errno`.
func errorText(_ code: Int32) -> String { String(cString: strerror(code)) }
