import Glibc
import Processes
import Testing

@Suite struct LoopbackPeerTests {
    @Test func `the kernel says whose a connection is at its other end, as long as it is there`() throws {
        let listener = try bound()
        defer { close(listener.descriptor) }
        #expect(listen(listener.descriptor, 4) == 0)
        #expect(LoopbackPeer(port: listener.port, server: listener.port) == .gone)
        let client = try bound()
        var name = loopback(listener.port)
        let result = withUnsafePointer(to: &name) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(client.descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(result == 0)
        #expect(LoopbackPeer(port: client.port, server: listener.port) == .user(geteuid()))
        // Where nobody listens, it may as well be that the kernel does not answer.
        #expect(LoopbackPeer(port: client.port, server: client.port) == .unknown)
        // Who ends first is remembered by the kernel for a while, as root's.
        let early = try bound()
        let connected = withUnsafePointer(to: &name) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(early.descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(connected == 0)
        #expect(LoopbackPeer(port: early.port, server: listener.port) == .user(geteuid()))
        close(early.descriptor)
        #expect(LoopbackPeer(port: early.port, server: listener.port) == .gone)
        for _ in 0..<2 { close(accept(listener.descriptor, nil, nil)) }
        #expect(LoopbackPeer(port: early.port, server: listener.port) == .gone)
        // The end is a reset: nothing of it stays.
        var now = linger(l_onoff: 1, l_linger: 0)
        setsockopt(client.descriptor, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
        close(client.descriptor)
        #expect(LoopbackPeer(port: client.port, server: listener.port) == .gone)
    }

    private func loopback(_ port: UInt16) -> sockaddr_in {
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = port.bigEndian
        name.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return name
    }

    private func bound() throws -> (descriptor: Int32, port: UInt16) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var name = loopback(0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &name) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 ? getsockname(descriptor, $0, &length) : -1
            }
        }
        try #require(result == 0)
        return (descriptor, UInt16(bigEndian: name.sin_port))
    }
}
