import Glibc
import Synchronization
import TestSupport
import Testing

@testable import SSH

/// A tunnel to a server of its own, and what became of it.
private final class Setup: Sendable {
    let server: SSHDServer
    let tunnel: SSHTunnel
    let ended: Event

    private final class Record: Sendable {
        let endings = Mutex<[SSHError]>([])
    }
    private let record: Record

    init(
        interval: Duration = .seconds(15), patience: Duration = .seconds(15), keyOptions: String = "",
        configuration: [String] = []
    ) throws {
        server = try SSHDServer(configuration: configuration, keyOptions: keyOptions)
        let (record, ended) = (Record(), try Event())
        tunnel = try SSHTunnel.connect(
            to: server.address, expecting: server.hostKey, credentials: server.credentials, timeout: .seconds(10),
            interval: interval, patience: patience
        ) { reason in
            record.endings.withLock { $0.append(reason) }
            ended.raise()
        }
        (self.record, self.ended) = (record, ended)
    }

    deinit { tunnel.close() }

    func open(_ port: UInt16) throws -> Int32 { try tunnel.open(port: port, timeout: .seconds(10)) }

    /// Why the tunnel ended, once it has.
    func reasons() -> [SSHError] {
        _ = ended.wait(until: .after(.seconds(10)))
        return record.endings.withLock { $0 }
    }
}

extension SSHTests {
    @Suite struct TunnelTests {
        @Test func `bytes go through and come back, and each side ends when the other does`() throws {
            let (setup, echo) = (try Setup(), try EchoServer())
            let socket = try setup.open(echo.port)
            defer { close(socket) }
            #expect(Wire.sendAll(socket, Array("hello".utf8)))
            #expect(Wire.receive(socket, limit: 5) == Array("hello".utf8))
            #expect(Wire.sendAll(socket, Array("the end".utf8)))
            shutdown(socket, Int32(SHUT_WR))
            #expect(Wire.receive(socket) == Array("the end".utf8))
            withExtendedLifetime((setup, echo)) {}
        }

        @Test(arguments: [[], ["RekeyLimit 1M"]])
        func `twenty channels carry a mebibyte each way at the same time`(configuration: [String]) throws {
            let (setup, echo) = (try Setup(configuration: configuration), try EchoServer())
            let works = try (0..<20).map { index in
                try Background {
                    let bytes = noise(1 << 20, seed: UInt64(index + 1))
                    let socket = try setup.open(echo.port)
                    defer { close(socket) }
                    let sender = try Background {
                        let isSent = Wire.sendAll(socket, bytes)
                        shutdown(socket, Int32(SHUT_WR))
                        return isSent
                    }
                    let received = Wire.receive(socket)
                    return try sender.wait() && received == bytes
                }
            }
            for work in works { #expect(try work.wait(.seconds(60))) }
            withExtendedLifetime((setup, echo)) {}
        }

        @Test func `a port where nobody listens is refused, and the tunnel goes on`() throws {
            let (setup, echo) = (try Setup(), try EchoServer())
            let port = try SSHDServer.freePort()
            #expect(throws: SSHError.channelRefused(host: "127.0.0.1", port: port)) { try setup.open(port) }
            close(try setup.open(echo.port))
            #expect(setup.tunnel.failure == nil)
            withExtendedLifetime((setup, echo)) {}
        }

        @Test func `a key with permitopen opens that address and no other`() throws {
            let (echo, other) = (try EchoServer(), try EchoServer())
            let setup = try Setup(keyOptions: "restrict,port-forwarding,permitopen=\"127.0.0.1:\(echo.port)\"")
            close(try setup.open(echo.port))
            #expect(throws: SSHError.channelRefused(host: "127.0.0.1", port: other.port)) { try setup.open(other.port) }
            #expect(throws: SSHError.channelRefused(host: "localhost", port: echo.port)) {
                try setup.tunnel.open(host: "localhost", port: echo.port, timeout: .seconds(10))
            }
            withExtendedLifetime((setup, echo, other)) {}
        }

        @Test func `a reader that does not read stops only its own channel`() throws {
            let (setup, echo) = (try Setup(), try EchoServer())
            let stalled = try setup.open(echo.port)
            // Send until nothing more is taken: all buffers between here and there are full then, and they are bounded.
            var sent = 0
            let block = noise(65536)
            while sent < 256 << 20 {
                let count = block.withUnsafeBytes { send(stalled, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
                if count > 0 { sent += count; continue }
                if !Poll.wait(stalled, for: Int16(POLLOUT), until: .after(.milliseconds(500))) { break }
            }
            #expect(sent < 64 << 20)
            let socket = try setup.open(echo.port)
            #expect(Wire.sendAll(socket, block))
            #expect(Wire.receive(socket, limit: block.count) == block)
            // The stalled one still has all its bytes.
            let total = sent
            let reader = try Background { Wire.receive(stalled, limit: total)?.count }
            #expect(try reader.wait() == total)
            close(socket)
            close(stalled)
            withExtendedLifetime((setup, echo)) {}
        }

        @Test func `a sender cannot run ahead of a slow reader without bound`() throws {
            let setup = try Setup()
            let (listener, port) = try SSHDServer.listenLoopback()
            defer { close(listener) }
            let socket = try setup.open(port)
            let accepted = accept(listener, nil, nil)
            let pushed = Atomic<Int>(0)
            let sender = try Background { [block = noise(65536)] in
                while Wire.sendAll(accepted, block) { pushed.add(block.count, ordering: .relaxed) }
                close(accepted)
            }
            let consumed = 16 << 20
            for _ in 0..<consumed / 4096 {
                #expect(Wire.receive(socket, limit: 4096)?.count == 4096)
                usleep(100)
            }
            // The kernel's socket buffers and the window between the machines, not what the sender could have sent.
            #expect(pushed.load(ordering: .relaxed) - consumed < 24 << 20)
            close(socket)
            try sender.wait()
            withExtendedLifetime(setup) {}
        }

        @Test func `a stalled or idle tunnel uses no processor time`() throws {
            let (setup, echo) = (try Setup(), try EchoServer())
            let stalled = try setup.open(echo.port)
            while Poll.wait(stalled, for: Int16(POLLOUT), until: .after(.milliseconds(300))) {
                let block = noise(65536)
                _ = block.withUnsafeBytes { send(stalled, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            }
            let half = try setup.open(echo.port)
            shutdown(half, Int32(SHUT_WR))
            let before = try #require(TunnelTests.ticks())
            // Not a wait for a condition: the time over which idleness is measured.
            usleep(1_000_000)
            #expect(try #require(TunnelTests.ticks()) - before < 10, "hundredths of a second")
            close(half)
            close(stalled)
            withExtendedLifetime((setup, echo)) {}
        }

        /// Processor time of the tunnel's thread so far, in hundredths of a second.
        private static func ticks() -> Int? {
            guard let tasks = opendir("/proc/self/task") else { return nil }
            defer { closedir(tasks) }
            var all: [Int] = []
            while let entry = readdir(tasks) {
                let id = withUnsafeBytes(of: entry.pointee.d_name) {
                    String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
                }
                guard let text = LocalFile.read("/proc/self/task/\(id)/stat", limit: 4096)?.bytes else { continue }
                let line = String(decoding: text.map { UInt8(bitPattern: $0) }, as: UTF8.self)
                guard line.contains("(ssh-tunnel)"), let tail = line.split(separator: ")").last else { continue }
                let fields = tail.split(separator: " ")
                all.append((Int(fields[11]) ?? 0) + (Int(fields[12]) ?? 0))
            }
            return all.count == 1 ? all[0] : nil
        }

        @Test func `an owner that closes its end ends the connection at the server too`() throws {
            let setup = try Setup()
            let (listener, port) = try SSHDServer.listenLoopback()
            defer { close(listener) }
            let socket = try setup.open(port)
            let accepted = accept(listener, nil, nil)
            defer { close(accepted) }
            #expect(Wire.sendAll(socket, Array("last words".utf8)))
            close(socket)
            #expect(Wire.receive(accepted) == Array("last words".utf8))
            withExtendedLifetime(setup) {}
        }

        @Test func `when the server is killed, everything ends and onClose is called once`() throws {
            let (setup, echo) = (try Setup(), try EchoServer())
            let sockets = try (0..<3).map { _ in try setup.open(echo.port) }
            defer { for socket in sockets { close(socket) } }
            setup.server.killSessions()
            for socket in sockets { #expect(Wire.receive(socket) == []) }
            let reasons = setup.reasons()
            #expect(reasons.count == 1)
            guard case .closed = reasons.first else { Issue.record("\(reasons)"); return }
            #expect(throws: reasons[0]) { try setup.open(echo.port) }
            setup.tunnel.close()
            #expect(setup.reasons().count == 1)
            withExtendedLifetime(echo) {}
        }

        @Test func `a server that falls silent is noticed`() throws {
            let (setup, echo) = (
                try Setup(interval: .milliseconds(200), patience: .milliseconds(500)), try EchoServer()
            )
            let socket = try setup.open(echo.port)
            defer { close(socket) }
            // It lives for longer than interval and patience together while the server answers.
            #expect(!setup.ended.wait(until: .after(.milliseconds(1500))))
            setup.server.freezeSessions()
            #expect(Wire.receive(socket) == [])
            #expect(setup.reasons() == [.timedOut(doing: "waiting for a sign of life from the server")])
            withExtendedLifetime(echo) {}
        }

        @Test func `close ends it, and says so`() throws {
            let (setup, echo) = (try Setup(), try EchoServer())
            let socket = try setup.open(echo.port)
            defer { close(socket) }
            setup.tunnel.close()
            #expect(Wire.receive(socket) == [])
            #expect(setup.reasons() == [.cancelled])
            #expect(throws: SSHError.cancelled) { try setup.open(echo.port) }
            withExtendedLifetime(echo) {}
        }

        @Test func `many tunnels and channels leave no file open`() throws {
            let (server, echo) = (try SSHDServer(), try EchoServer())
            let before = OpenFiles(to: server.address.port)
            for _ in 0..<10 {
                let tunnel = try SSHTunnel.connect(
                    to: server.address, expecting: server.hostKey, credentials: server.credentials,
                    timeout: .seconds(10)
                ) { _ in }
                for _ in 0..<10 { close(try tunnel.open(port: echo.port, timeout: .seconds(10))) }
                tunnel.close()
            }
            #expect(before.areClosed(to: server.address.port, of: 10))
            withExtendedLifetime((server, echo)) {}
        }
    }
}
