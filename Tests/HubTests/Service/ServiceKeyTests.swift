import ControlAPI
import Glibc
import Processes
import TestSupport
import Testing

@testable import Hub

@Suite("Keys that the hub makes, tried with a real sshd")
struct ServiceKeyTests {
    @Test func `a key that the hub made opens the share, and nothing of it stays at the hub`() async throws {
        try await blocking {
            let hub = try ServiceHub()
            try hub.start()
            let asked = InviteRequest(client: "phone", sftpOnly: true, makeKey: true)
            let sftp = try #require(try hub.api.post("/v1/invite", asked, as: InviteResponse.self).sftp)
            let key = try #require(sftp.key)
            hub.directory.write(key, to: "phone")
            chmod(hub.directory.path("phone"), 0o600)
            let said = try hub.sftp(as: "phone", "mkdir pictures", "ls")
            #expect(said.status.isSuccess && said.outputText.contains("pictures"), "\(said.errorText)")
            // Its second line is of this key alone.
            let line = key.split(separator: "\n")[2]
            let kept = try run(findExecutable("grep") ?? "", ["-rlaF", "--", String(line), hub.layout.root])
            #expect(kept.output.isEmpty && kept.status == .exited(1), "\(kept.outputText)")
            #expect(!hub.log.contains(line))
            // Without sftp_only, or with a key of its own, there is none to be made.
            for other in [
                InviteRequest(client: "x", makeKey: true),
                InviteRequest(client: "x", sftpOnly: true, key: "ssh-ed25519 A", makeKey: true),
            ] {
                #expect(throws: ErrorMessage.self) {
                    try hub.api.post("/v1/invite", other, as: InviteResponse.self)
                }
            }
        }
    }
}
