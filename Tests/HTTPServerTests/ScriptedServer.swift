import Glibc

/// A TCP listener on 127.0.0.1 whose connections a test handles by hand.
final class ScriptedServer: Sendable {
    let port: UInt16
    private let descriptor: Int32

    init(backlog: Int32 = 16) {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var name = loopback(0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = descriptor
        withUnsafeMutablePointer(to: &name) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                precondition(bind(descriptor, $0, length) == 0 && listen(descriptor, backlog) == 0)
                getsockname(descriptor, $0, &length)
            }
        }
        port = UInt16(bigEndian: name.sin_port)
    }

    deinit { close(descriptor) }

    /// The next connection, -1 after 10 s without one.
    func accept(within seconds: Double = 10) -> Int32 {
        var event = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&event, 1, Int32(seconds * 1000)) == 1 ? Glibc.accept(descriptor, nil, nil) : -1
    }

    /// Reads a request without a body.
    static func readRequest(_ connection: Int32) -> String {
        var text = ""
        var byte: UInt8 = 0
        while !text.hasSuffix("\r\n\r\n"), recv(connection, &byte, 1, 0) == 1 {
            text.unicodeScalars.append(.init(byte))
        }
        return text
    }

    static func write(_ connection: Int32, _ text: String) {
        _ = send(connection, text, text.utf8.count, Int32(MSG_NOSIGNAL))
    }
}
