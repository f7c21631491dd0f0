import Glibc
import HTTPServer

/// A request whose body comes when a test wants it to.
final class UnfinishedRequest: Sendable {
    private let descriptor: Int32
    private let body: [UInt8]

    /// Sends the head.
    /// - Parameter port: of the API.
    init(_ method: String, _ path: String, port: UInt16, token: String, body: [UInt8]) {
        self.body = body
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let descriptor = descriptor
        // SAFETY: a sockaddr_in is a sockaddr of its own length.
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        precondition(result == 0, "no connection to port \(port): errno \(errno)")
        // Whatever becomes of the test, nobody waits for ever.
        var limit = timeval(tv_sec: 60, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        let lines = [
            "\(method) \(path) HTTP/1.1", "Host: 127.0.0.1:\(port)", "Authorization: Bearer \(token)",
            "Content-Length: \(body.count)", "Expect: 100-continue", "Connection: close",
        ]
        write(Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)[...])
    }

    deinit { close(descriptor) }

    /// Blocks until the server has read the head, and wants the body.
    var isWanted: Bool { read(until: { $0.hasSuffix("\r\n\r\n") }).hasPrefix("HTTP/1.1 100 ") }

    /// All of the body but its last byte.
    func sendMost() { write(body.dropLast()) }

    /// The last byte, without which there is nothing to be understood.
    func sendRest() { write(body.suffix(1)) }

    /// Blocks until the whole answer is there.
    func answer() -> HTTPResponse? {
        let text = read { _ in false }
        guard let end = text.firstRange(of: "\r\n\r\n")?.upperBound,
            let status = text.split(separator: " ", maxSplits: 2).dropFirst().first.flatMap({ Int($0) })
        else { return nil }
        return HTTPResponse(status: status, body: Array(text[end...].utf8))
    }

    private func write(_ bytes: ArraySlice<UInt8>) {
        var rest = bytes
        while !rest.isEmpty {
            // SAFETY: the slice's own length goes along.
            let count = rest.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if count < 0, errno == EINTR { continue }
            if count <= 0 { return }
            rest = rest.dropFirst(count)
        }
    }

    /// - Returns: what came until it was enough, or the server had no more to say.
    private func read(until isEnough: (String) -> Bool) -> String {
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = recv(descriptor, &block, block.count, 0)
            if count <= 0 { break }
            bytes += block.prefix(count)
            if isEnough(String(decoding: bytes, as: UTF8.self)) { break }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
