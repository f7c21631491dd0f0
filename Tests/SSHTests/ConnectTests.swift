import Glibc
import TestSupport
import Testing

@testable import SSH

extension SSHTests {
    @Suite struct ConnectTests {
        @Test func `a different host key is refused, and the sentence names both`() throws {
            let server = try SSHDServer()
            let expected = try HostKey(line: String(decoding: server.directory.read("client.pub")!, as: UTF8.self))
            let found = try server.hostKey
            #expect(expected != found)
            let error = #expect(throws: SSHError.self) {
                try SSHSession.connect(
                    to: server.address, expecting: expected, credentials: server.credentials, timeout: .seconds(10))
            }
            #expect(error == .hostKeyChanged(expected: expected.fingerprint, found: found.fingerprint))
            #expect("\(error!)".contains(expected.fingerprint) && "\(error!)".contains(found.fingerprint))
        }

        @Test func `a key that is not authorized is refused`() throws {
            let server = try SSHDServer()
            let other = server.directory.path("other")
            try SSHDServer.makeKey(other)
            #expect(throws: SSHError.refusedKey(user: server.user)) {
                try SSHSession.connect(
                    to: server.address, expecting: server.hostKey,
                    credentials: SSHCredentials(user: server.user, privateKey: .file(other)), timeout: .seconds(10))
            }
        }

        @Test func `a private key may come as text, and must be one`() throws {
            let server = try SSHDServer()
            func connect(_ text: String) throws {
                _ = try SSHSession.connect(
                    to: server.address, expecting: server.hostKey,
                    credentials: SSHCredentials(user: server.user, privateKey: .text(text)), timeout: .seconds(10))
            }
            try connect(String(decoding: server.directory.read("client")!, as: UTF8.self))
            let error = #expect(throws: SSHError.self) { try connect("not a key") }
            guard case .unusableKey = error else { Issue.record("\(error!)"); return }
            #expect(throws: SSHError.self) {
                try SSHSession.connect(
                    to: server.address, expecting: server.hostKey,
                    credentials: SSHCredentials(user: server.user, privateKey: .file("/nonexistent")),
                    timeout: .seconds(10))
            }
        }

        @Test func `a port where nobody listens is unreachable`() throws {
            let server = try SSHDServer()
            let port = try SSHDServer.freePort()
            let error = #expect(throws: SSHError.self) {
                try SSHSession.connect(
                    to: SSHAddress(host: "127.0.0.1", port: port), expecting: server.hostKey,
                    credentials: server.credentials, timeout: .seconds(10))
            }
            #expect(error == .unreachable(host: "127.0.0.1", port: port, reason: "Connection refused"))
        }

        @Test func `a server that accepts and says nothing is given up in time`() throws {
            let server = try SSHDServer()
            let (socket, port) = try SSHDServer.listenLoopback()
            defer { close(socket) }
            let start = ContinuousClock.now
            #expect(throws: SSHError.timedOut(doing: "shaking hands")) {
                try SSHSession.connect(
                    to: SSHAddress(host: "localhost", port: port), expecting: server.hostKey,
                    credentials: server.credentials, timeout: .seconds(1))
            }
            #expect(ContinuousClock.now - start < .seconds(3))
        }

        @Test func `connecting can be cancelled from another thread`() throws {
            let server = try SSHDServer()
            let (socket, port) = try SSHDServer.listenLoopback()
            defer { close(socket) }
            let cancellation = SSHCancellation()
            let attempt = try Background {
                _ = try SSHSession.connect(
                    to: SSHAddress(host: "127.0.0.1", port: port), expecting: server.hostKey,
                    credentials: server.credentials, timeout: .seconds(60), cancellation: cancellation)
            }
            // It is in the handshake once its banner has come.
            let accepted = accept(socket, nil, nil)
            defer { close(accepted) }
            #expect(Wire.receive(accepted, limit: 4) == Array("SSH-".utf8))
            cancellation.cancel()
            #expect(throws: SSHError.cancelled) { try attempt.wait(.seconds(3)) }
            #expect(throws: SSHError.cancelled) {
                try SSHSession.connect(
                    to: server.address, expecting: server.hostKey, credentials: server.credentials,
                    timeout: .seconds(10), cancellation: cancellation)
            }
        }

        @Test func `host keys are read as OpenSSH writes them, and shown as it shows them`() throws {
            let key = try HostKey(
                line: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl github.com")
            #expect(key.fingerprint == "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU")
            for bad in ["", "ssh-ed25519", "ssh-rsa AAAA", "ssh-ed25519 AAAA", "ssh-ed25519 !!!!"] {
                #expect(throws: SSHError.self, "\(bad)") { try HostKey(line: bad) }
            }
        }

        @Test func `many connections leave no file open`() throws {
            let server = try SSHDServer()
            let before = OpenFiles(to: server.address.port)
            for _ in 0..<20 {
                let connection = try server.connect()
                let file = try connection.open(server.bytes("log"), .read)
                withExtendedLifetime(file) {}
            }
            #expect(before.areClosed(to: server.address.port, of: 20))
        }
    }
}
