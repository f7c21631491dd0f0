import Glibc

internal import CSSH2

/// Opens TCP connections, within a deadline.
enum TCP {
    /// A connected, non-blocking socket that `cancellation` can shut down. The caller closes it (after `detach`).
    /// - Throws: ``SSHError/unreachable(host:port:reason:)``, ``SSHError/timedOut(doing:)``, ``SSHError/cancelled``
    static func connect(
        to address: SSHAddress, until deadline: Deadline, cancellation: SSHCancellation
    ) throws(SSHError) -> Int32 {
        var last = SSHError.cancelled
        let candidates = try Resolver.resolve(address, until: deadline)
        for (index, candidate) in candidates.enumerated() {
            do throws(SSHError) {
                // A name's first address, should it be dead, leaves time for the others.
                let share = deadline.share(of: candidates.count - index)
                return try connect(candidate, of: address, until: share, cancellation: cancellation)
            } catch {
                last = error
            }
            if cancellation.isCancelled { throw .cancelled }
        }
        throw last
    }

    private static func connect(
        _ candidate: SocketAddress, of address: SSHAddress, until deadline: Deadline, cancellation: SSHCancellation
    ) throws(SSHError) -> Int32 {
        func unreachable(_ code: Int32) -> SSHError {
            .unreachable(host: address.host, port: address.port, reason: SystemError.text(code))
        }
        let socket = synchub_stream_socket(candidate.family)
        guard socket >= 0 else { throw unreachable(errno) }
        synchub_tune_tcp(socket, 20, 5, 4)
        cancellation.attach(socket)
        var failure: SSHError?
        if start(socket, candidate) != 0 {
            if errno != EINPROGRESS {
                failure = unreachable(errno)
            } else if !Poll.wait(socket, for: Int16(POLLOUT), until: deadline) {
                failure = .timedOut(doing: "connecting to \(address)")
            } else if let code = pendingError(socket) {
                failure = unreachable(code)
            }
        }
        if cancellation.isCancelled { failure = .cancelled }
        guard let failure else { return socket }
        cancellation.detach()
        close(socket)
        throw failure
    }

    private static func start(_ socket: Int32, _ candidate: SocketAddress) -> Int32 {
        candidate.bytes.withUnsafeBytes { bytes in
            // SAFETY: the bytes are a whole `sockaddr` of their family, as getaddrinfo gave them.
            Glibc.connect(socket, bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
        }
    }

    private static func pendingError(_ socket: Int32) -> Int32? {
        var code: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        let result = getsockopt(socket, SOL_SOCKET, SO_ERROR, &code, &length)
        return result != 0 ? errno : code == 0 ? nil : code
    }
}
