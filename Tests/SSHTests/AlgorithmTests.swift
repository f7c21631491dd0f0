import Glibc
import TestSupport
import Testing

@testable import SSH

extension SSHTests {
    struct AlgorithmTests {
        @Test func `a client offers what is sound, and nothing else`() throws {
            let server = try SSHDServer()
            let (hostKey, credentials) = (try server.hostKey, server.credentials)
            let (socket, port) = try SSHDServer.listenLoopback()
            defer { close(socket) }
            let attempt = try Background {
                _ = try SSHSession.connect(
                    to: SSHAddress(host: "127.0.0.1", port: port), expecting: hostKey, credentials: credentials,
                    timeout: .seconds(20))
            }
            let accepted = accept(socket, nil, nil)
            let lists = try Self.offer(accepted)
            close(accepted)
            #expect(throws: SSHError.self) { try attempt.wait() }
            let (ciphers, codes) = (["aes128-ctr", "aes256-ctr"], ["hmac-sha2-256", "hmac-sha2-512"])
            #expect(
                lists == [
                    ["curve25519-sha256", "curve25519-sha256@libssh.org"], ["ssh-ed25519"], ciphers, ciphers, codes,
                    codes,
                    ["none"], ["none"], [], [],
                ])
        }

        /// The ten lists of a client's first packet (RFC 4253, sections 4.2, 6 and 7.1), without what is no algorithm but says what
        /// it understands.
        private static func offer(_ socket: Int32) throws -> [[String]] {
            #expect(Wire.sendAll(socket, Array("SSH-2.0-Test\r\n".utf8)))
            var last: UInt8 = 0
            while last != UInt8(ascii: "\n") { last = try #require(Wire.receive(socket, limit: 1)?.first) }
            let length = number(try #require(Wire.receive(socket, limit: 4))[...])
            let packet = try #require(Wire.receive(socket, limit: length))
            try #require(packet.count == length && length > 22 && packet[1] == 20)
            var rest = packet[18...]
            return try (0..<10).map { _ in
                try #require(rest.count >= 4)
                let size = number(rest.prefix(4))
                rest = rest.dropFirst(4)
                defer { rest = rest.dropFirst(size) }
                return String(decoding: rest.prefix(size), as: UTF8.self).split(separator: ",").map(String.init)
                    .filter { !["ext-info-c", "kex-strict-c-v00@openssh.com"].contains($0) }
            }
        }

        private static func number(_ bytes: ArraySlice<UInt8>) -> Int { bytes.reduce(0) { $0 << 8 | Int($1) } }
    }
}
