import FoundationEssentials
import Glibc

/// A plain TCP socket that says what no honest client would.
final class RawClient {
    private let descriptor: Int32
    private var buffer: [UInt8] = []

    init(port: UInt16) {
        descriptor = connectedSocket(port: port)
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { Glibc.close(descriptor) }

    /// As a server sees it.
    var address: String {
        var name = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &name) {
            _ = $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        return "127.0.0.1:\(UInt16(bigEndian: name.sin_port))"
    }

    /// - Returns: whether all of it could be written.
    @discardableResult
    func send(_ bytes: some Collection<UInt8>) -> Bool {
        let bytes = Array(bytes)
        return Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
    }

    @discardableResult
    func send(_ text: String) -> Bool { send(text.utf8) }

    /// The next answer; nil when the connection ends (or 10 s pass) before it is whole.
    /// - Parameter interim: an answer without a body, such as 100, is expected.
    func receive(interim: Bool = false) -> Answer? {
        while true {
            if let end = headEnd, let length = interim ? 0 : contentLength(end), buffer.count >= end + length {
                defer { buffer.removeFirst(end + length) }
                return Answer(Array(buffer[..<end]), Array(buffer[end..<end + length]))
            }
            guard receiveMore() else { return nil }
        }
    }

    /// Whether the server has ended the connection, within 10 s.
    var isEnded: Bool {
        while receiveMore() {}
        return errno != EAGAIN
    }

    /// Whether something has come and was not taken yet.
    var hasBytes: Bool { peek() > 0 }
    /// Whether the server has ended the connection by now.
    var hasEnded: Bool { peek() == 0 }

    private func peek() -> Int {
        var byte: UInt8 = 0
        return recv(descriptor, &byte, 1, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT))
    }

    /// Reads so many bytes of what comes, or fewer if it ends.
    func take(_ count: Int) {
        let end = buffer.count + count
        while buffer.count < end, receiveMore(end - buffer.count) {}
    }

    private func receiveMore(_ most: Int = 65536) -> Bool {
        var block = [UInt8](repeating: 0, count: min(most, 65536))
        errno = 0
        let count = recv(descriptor, &block, block.count, 0)
        guard count > 0 else { return false }
        buffer += block.prefix(count)
        return true
    }

    private var headEnd: Int? {
        let mark = Array("\r\n\r\n".utf8)
        guard buffer.count >= 4 else { return nil }
        return (0...buffer.count - 4).first { Array(buffer[$0..<$0 + 4]) == mark }.map { $0 + 4 }
    }

    private func contentLength(_ end: Int) -> Int? {
        let lines = String(decoding: buffer[..<end], as: UTF8.self).split(separator: "\r\n")
        let line = lines.first { $0.lowercased().hasPrefix("content-length:") }
        return line?.split(separator: " ").last.flatMap { Int($0) }
    }
}

/// An answer as it was on the wire.
struct Answer {
    let head: String
    let body: [UInt8]

    init(_ head: [UInt8], _ body: [UInt8]) {
        self.head = String(decoding: head, as: UTF8.self)
        self.body = body
    }

    var status: Int { Int(head.split(separator: " ")[1]) ?? 0 }
    var text: String { String(decoding: body, as: UTF8.self) }
    /// `error.code` of the JSON body.
    var code: String? { errorCode(body) }
    var message: String? { errorBody(body)?.message }
}

struct ErrorFacts: Decodable { let code: String, message: String }
private struct ErrorBody: Decodable { let error: ErrorFacts }

func errorBody(_ body: [UInt8]) -> ErrorFacts? { try? JSONDecoder().decode(ErrorBody.self, from: Data(body)).error }
func errorCode(_ body: [UInt8]) -> String? { errorBody(body)?.code }

func connectedSocket(port: UInt16) -> Int32 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var on: Int32 = 1
    setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
    var name = loopback(port)
    let result = withUnsafePointer(to: &name) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
    }
    precondition(result == 0, "cannot connect to port \(port): errno \(errno)")
    return descriptor
}

func loopback(_ port: UInt16) -> sockaddr_in {
    var name = sockaddr_in()
    name.sin_family = sa_family_t(AF_INET)
    name.sin_port = port.bigEndian
    name.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return name
}
