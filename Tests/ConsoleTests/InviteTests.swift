import Arguments
import ControlAPI
import Glibc
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

    @Test func `a key that the hub made is shown once, apart from the connection, or goes into a new file`() throws {
        let secret = "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n"
        var sftp = Samples.sftp
        sftp.key = secret
        let hub = try FakeHub { [sftp] _, _ in .message(InviteResponse(invite: nil, sftp: sftp)) }
        let output = CapturedOutput()
        #expect(hub.run("invite phone --sftp-only --make-key", output) == .done)
        #expect(output.results.hasSuffix(secret) && output.results.contains("sftp -P 2222"))
        #expect(output.notes.contains("keeps the public half only"))
        let sent = try WireFormat.decode(InviteRequest.self, from: hub.requests.last?.body ?? [])
        #expect(sent == InviteRequest(client: "phone", sftpOnly: true, makeKey: true))
        for options in ["", " --json"] {
            let file = directory.path("phone.key")
            unlink(file)
            let quiet = CapturedOutput()
            #expect(hub.run("invite phone --sftp-only --make-key --out \(file)\(options)", quiet) == .done)
            #expect(directory.text("phone.key") == secret && !(quiet.results + quiet.notes).contains("AAAA"))
            var status = stat()
            #expect(stat(file, &status) == 0 && status.st_mode & 0o777 == 0o600)
        }
        // A file that is there is nobody's to write over, and the hub is not asked.
        let count = hub.requests.count
        #expect(hub.run("invite phone --sftp-only --make-key --out \(directory.path("phone.key"))", output) == .failed)
        #expect(hub.run("invite phone --sftp-only --make-key --json", output) == .wrongUsage)
        #expect(hub.requests.count == count)
    }

    @Test func `an invite goes into a new file, which is gone again when there is none`() throws {
        let file = directory.path("pi.invite")
        let hub = try FakeHub(answers: CommandTests.samples)
        let output = CapturedOutput()
        #expect(hub.run("invite pi --out \(file)", output) == .done)
        #expect(output.results.isEmpty && directory.text("pi.invite") == Samples.invite.json)
        let refusing = try FakeHub { _, _ in .error(ErrorMessage(.clientExists, "there is one")) }
        #expect(refusing.run("invite pi --out \(file).2", output) != .done)
        #expect(access(file + ".2", F_OK) != 0)
    }

    @Test func `on a terminal a code says how to connect, and never a key`() throws {
        var sftp = Samples.sftp
        sftp.key = "secret"
        let hub = try FakeHub { [sftp] _, _ in .message(InviteResponse(invite: nil, sftp: sftp)) }
        for (options, isTerminal, hasCode) in [
            ("", true, true), ("", false, false), (" --json --out \(directory.path("k"))", true, false),
        ] {
            let output = CapturedOutput(isTerminal: isTerminal)
            #expect(hub.run("invite phone --sftp-only --make-key\(options)", output) == .done)
            #expect(output.results.contains("████") == hasCode)
            let code = try #require(QRCode("sftp://sync@192.0.2.1:2222/")).lines(isStyled: false)
            #expect(output.results.contains(code) == hasCode)
        }
    }
}
