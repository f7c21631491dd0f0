import Glibc

/// Asks a TCP port who is there.
enum BannerProbe {
    /// Whether something listens and says a text that begins so, within a second. Blocks.
    /// - Parameter request: what to say first.
    static func answers(address: String, port: UInt16, saying request: String = "", prefix: String) -> Bool {
        guard let socket = connect(address == "0.0.0.0" ? "127.0.0.1" : address == "::" ? "::1" : address, port) else {
            return false
        }
        defer { close(socket) }
        var second = timeval(tv_sec: 1, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &second, socklen_t(MemoryLayout<timeval>.size))
        let question = Array(request.utf8)
        // SAFETY: the arrays' own lengths go along.
        let sent = question.withUnsafeBytes { send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        var answer = [UInt8](repeating: 0, count: prefix.utf8.count)
        let count = answer.withUnsafeMutableBytes { recv(socket, $0.baseAddress, $0.count, Int32(MSG_WAITALL)) }
        return sent == question.count && count == answer.count && answer == Array(prefix.utf8)
    }

    private static func connect(_ address: String, _ port: UInt16) -> Int32? {
        var hints = addrinfo()
        hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(address, "\(port)", &hints, &list) == 0, let info = list?.pointee else { return nil }
        defer { freeaddrinfo(list) }
        let socket = Glibc.socket(info.ai_family, info.ai_socktype | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { return nil }
        if Glibc.connect(socket, info.ai_addr, info.ai_addrlen) == 0 { return socket }
        close(socket)
        return nil
    }
}
