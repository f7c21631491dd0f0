import Glibc
internal import Hashing

extension HTTPTarget {
    /// The same server, which has to show on each connection, before anything else is sent there, that it knows the hash of a secret: see
    /// `SecretProof`. Whoever only listens in its place does not get the secret. Not for a socket file, which is safe by its place.
    /// - Parameter timeout: seconds for that.
    package func proving(_ secret: String, timeout: Double) -> HTTPTarget {
        .opened(authority: authority) {
            let stream = try openStream(timeout)
            do { try prove(secret, over: stream, timeout) } catch {
                close(stream)
                throw error
            }
            return stream
        }
    }

    private func openStream(_ timeout: Double) throws -> Int32 {
        switch self {
        case .opened(_, let open): return try open()
        case .tcp(let host, let port): return try HTTPTarget.connect(host, port, timeout)
        case .unix: preconditionFailure("a socket file proves nothing by a secret")
        }
    }

    /// One question and its answer, over another descriptor of the same stream: what is asked next goes on behind it.
    private func prove(_ secret: String, over stream: Int32, _ timeout: Double) throws(HTTPClientError) {
        let proof = SecretProof(of: secret)
        let nonce = SecretProof.nonce()
        let once = HTTPConnection(.opened(authority: authority) { fcntl(stream, F_DUPFD_CLOEXEC, 0) })
        let reply = try once.send(HTTPCall("GET", SecretProof.path + proof.query(nonce), timeout: timeout))
        guard reply.status == 200 else { throw .proofRefused(reply) }
        guard isSameSecret(reply.body, proof.answer(to: nonce)) else { throw .unproven(target: text) }
    }

    /// - Parameter host: an IPv4 address.
    private static func connect(_ host: String, _ port: UInt16, _ timeout: Double) throws(SystemCallFailure) -> Int32 {
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = port.bigEndian
        guard inet_pton(AF_INET, host, &name.sin_addr) == 1 else { throw SystemCallFailure(code: EINVAL) }
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw SystemCallFailure(code: errno) }
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        // For connect(2), too (socket(7)): who listens and takes nobody in keeps nobody for minutes.
        var patience = timeval(tv_sec: Int(timeout.rounded(.up)), tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        let result = withUnsafePointer(to: &name) {
            // SAFETY: a sockaddr_in is what the call takes for a sockaddr of that family.
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else {
            let code = errno == EINPROGRESS ? ETIMEDOUT : errno
            close(descriptor)
            throw SystemCallFailure(code: code)
        }
        return descriptor
    }
}
