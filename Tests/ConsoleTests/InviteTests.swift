import Arguments
import ControlAPI
import TestSupport
import Testing

@testable import Console

@Suite struct InviteTests {
    private let directory = TemporaryDirectory()

    @Test func `the invite is the only thing on stdout`() throws {
        let hub = try FakeHub(answers: CommandTests.samples)
        let output = CapturedOutput()
        #expect(hub.run("invite pi", output) == .done)
        #expect(output.results == Samples.invite.json)
        #expect(output.notes.contains("syncagent join") && output.notes.contains("2026-01-02 04:04:05 UTC"))
    }

    @Test func `a phone's key goes to the hub, and how to connect comes back`() throws {
        let key = directory.write("# my phone\n\n  ssh-ed25519 AAAA phone\n", to: "phone.pub")
        let hub = try FakeHub { _, _ in .message(InviteResponse(invite: nil, sftp: Samples.sftp)) }
        let output = CapturedOutput()
        #expect(hub.run("invite phone --sftp-only --key \(key)", output) == .done)
        let sent = try WireFormat.decode(InviteRequest.self, from: hub.requests.last?.body ?? [])
        #expect(sent == InviteRequest(client: "phone", sftpOnly: true, key: "ssh-ed25519 AAAA phone"))
        #expect(output.results.contains("sftp -P 2222 sync@192.0.2.1\n") && output.results.contains("SHA256:xyz"))
    }

    @Test(arguments: [
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n", "is a private key"), ("", "holds 0 keys"),
        ("ssh-ed25519 A\nssh-ed25519 B\n", "holds 2 keys"), (String(repeating: "x", count: 20_000), "cannot be read"),
    ])
    func `what is not one public key never leaves this machine`(text: String, problem: String) throws {
        let key = directory.write(text, to: "key")
        let hub = try FakeHub(answers: CommandTests.samples)
        let output = CapturedOutput()
        #expect(hub.run("invite phone --sftp-only --key \(key)", output) == .failed)
        #expect(output.notes.contains(problem), "\(output.notes)")
        #expect(hub.requests.isEmpty)
    }

    @Test func `a key file that is not there is named`() throws {
        let hub = try FakeHub(answers: CommandTests.samples)
        let output = CapturedOutput()
        #expect(hub.run("invite phone --sftp-only --key \(directory.path)/none", output) == .failed)
        #expect(output.notes.contains("/none cannot be read (No such file or directory)"))
    }
}
