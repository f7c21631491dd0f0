import Processes
import Testing

@testable import Hub

@Suite("What the hub's own sshd offers")
struct ServiceAlgorithmTests {
    @Test func `sshd offers what is sound, and nothing else`() async throws {
        try await blocking {
            let hub = try ServiceHub()
            try hub.start()
            _ = try hub.makeKey("stranger")
            // OpenSSH's client tells what it was offered.
            let outcome = try Processes.run(
                "/usr/bin/ssh",
                ["-vv", "-o", "LogLevel=DEBUG2"] + hub.options("stranger") + [
                    "-p", "\(hub.sftpPort)", hub.login, "true",
                ],
                timeout: .seconds(20))
            let lines = outcome.errorText.split(whereSeparator: \.isNewline)
            let offer = lines.drop { !$0.contains("peer server KEXINIT proposal") }.dropFirst()
            func list(_ name: String) -> [String] {
                let line = offer.first { $0.contains(" \(name): ") } ?? ""
                return line.split(separator: " ").last.map { $0.split(separator: ",").map(String.init) } ?? []
            }
            // What is no algorithm says what it understands.
            let exchanges = list("KEX algorithms").filter {
                !["ext-info-s", "kex-strict-s-v00@openssh.com"].contains($0)
            }
            #expect(exchanges == ["curve25519-sha256", "curve25519-sha256@libssh.org"], "\(outcome.errorText)")
            #expect(list("host key algorithms") == ["ssh-ed25519"])
            for way in ["ctos", "stoc"] {
                #expect(list("ciphers \(way)") == ["aes256-ctr", "aes128-ctr"])
                #expect(list("MACs \(way)") == ["hmac-sha2-256", "hmac-sha2-512"])
                #expect(list("compression \(way)") == ["none"])
            }
        }
    }
}
