import Glibc
import TestSupport
import Testing

@testable import Hub

@Suite("The hub's texts: names, keys, configurations")
struct ServiceTextTests {
    static let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILrHiT+5kpTwTVDgjkYaLgYZSIPkrS85nns12zdXK4l8"

    @Test(arguments: ["a", "laptop", "Pi-4.home_2", String(repeating: "x", count: 64)])
    func `a client's name is plain`(_ text: String) throws { #expect(try ClientName(text).text == text) }

    @Test(arguments: ["", ".", "..", ".x", "-x", "a b", "a/b", "a\"b", "a\nb", "ä", String(repeating: "x", count: 65)])
    func `a name that could mean something else is refused`(_ text: String) {
        #expect(throws: ClientNameError.self) { try ClientName(text) }
    }

    @Test func `a public key keeps kind and base64, and loses its comment`() throws {
        #expect(try PublicKey(line: Self.key + " me@there\n").line == Self.key)
    }

    @Test(arguments: [
        "", "ssh-rsa AAAA", "ssh-ed25519", "ssh-ed25519 AAAA", key.dropLast() + "\"", key + "x", "restrict " + key,
    ])
    func `a key of another kind, or a damaged one, is refused`(_ line: String) {
        #expect(throws: PublicKeyError.self) { try PublicKey(line: line) }
    }

    @Test func `a fingerprint is the one that ssh-keygen shows`() throws {
        #expect(try PublicKey(line: Self.key).fingerprint == "SHA256:yWAtpGBbJi3TT4p4GfRwMKUCXyKf0LFD4ENPJHwU7bA")
    }

    @Test func `each kind of key opens its own things only`() throws {
        let text = AuthorizedKeysText(program: "/bin/synchub", layout: HubLayout(root: "/srv/hub"), apiPort: 7)
        func line(_ access: AuthorizedKey.Access) throws -> String {
            let key = AuthorizedKey(client: try ClientName("pi"), key: try PublicKey(line: Self.key), access: access)
            return String(text.render([key]).split(separator: "\n")[1])
        }
        let command = "command=\"/bin/synchub sftp --root /srv/hub --client pi --kind"
        let tunnel = "port-forwarding,permitopen=\"127.0.0.1:7\""
        #expect(try line(.agent) == "restrict,\(tunnel),\(command) agent\" \(Self.key) pi")
        #expect(try line(.sftp) == "restrict,\(command) sftp\" \(Self.key) pi")
        #expect(
            try line(.invite(expires: 1_700_000_000))
                == "restrict,\(tunnel),expiry-time=\"20231114221320Z\",command=\"/bin/false\" \(Self.key) pi")
    }

    @Test func `one key stands once, whoever has it`() throws {
        let text = AuthorizedKeysText(program: "/bin/synchub", layout: HubLayout(root: "/srv/hub"), apiPort: 7)
        let keys = try ["a", "b"].map {
            AuthorizedKey(client: try ClientName($0), key: try PublicKey(line: Self.key), access: .agent)
        }
        #expect(text.render(keys).split(separator: "\n").count == 2)
    }

    @Test(arguments: [
        ("plain/x-1.y", "plain/x-1.y"), ("", "''"), ("a b", "'a b'"), ("it's", "'it'\\''s'"), ("$(x)", "'$(x)'"),
    ])
    func `a word is quoted for the shell`(_ word: String, _ quoted: String) {
        #expect(ShellWord(word).description == quoted)
    }

    @Test func `sshd serves what the hub needs and nothing more`() {
        let text = SSHDConfiguration(
            layout: HubLayout(root: "/srv/a \"b\" 50%"), listen: "::1", port: 22, apiPort: 7, user: "pi", isRoot: false
        ).text
        let lines = text.split(separator: "\n")
        for line in [
            "ListenAddress ::1", "Port 22", "AllowUsers pi", "PermitRootLogin no", "PermitOpen 127.0.0.1:7",
            "PermitTTY no",
            "PasswordAuthentication no", "X11Forwarding no", "AllowTcpForwarding local", "UsePAM no",
            "HostKey \"/srv/a \\\"b\\\" 50%/ssh/ssh_host_ed25519_key\"",
            "AuthorizedKeysFile \"/srv/a \\\"b\\\" 50%%/ssh/authorized_keys\"",
        ] { #expect(lines.contains { $0 == line }, "missing: \(line)") }
        // The prefix attack on the handshake needs one of these.
        #expect(!text.contains("etm") && !text.contains("chacha20"))
    }

    @Test func `sshd's log tells who logged in`() {
        let line = "Accepted publickey for root from 127.0.0.1 port 40176 ssh2: ED25519 SHA256:yWAt"
        #expect(SSHLogLine(line).event == .login(remote: "127.0.0.1", port: 40176, fingerprint: "SHA256:yWAt"))
        #expect(SSHLogLine("error: Bind to port 22 failed").event == .complaint("error: Bind to port 22 failed"))
        #expect(SSHLogLine("Server listening on ::").event == .chatter("Server listening on ::"))
    }

    @Test(arguments: [
        // As a name of a user, in the instant before sshd refuses it.
        "Invalid user x\nAccepted publickey for root from 127.0.0.1 port 40176 ssh2: ED25519 SHA256:yWAt\r\n",
        "Invalid user Accepted publickey for root from 127.0.0.1 port 40176 ssh2: ED25519 SHA256:yWAt\r\n",
        "Accepted publickey for root from 127.0.0.1 port 40176 ssh2: ED25519 SHA256:yWAt\nport 1\r\n",
        "Accepted publickey for root from 127.0.0.1 port 40176 ssh2: ED25519 SHA256:yWAt from 127.0.0.1 port 2\r\n",
        "Accepted publickey for a b from 127.0.0.1 port 40176 ssh2: ED25519 SHA256:yWAt\r\n",
        "Accepted publickey for root from 127.0.0.1\t1 port 40176 ssh2: ED25519 SHA256:yWAt\r\n",
        "Accepted password for root from 127.0.0.1 port 40176 ssh2\r\n",
        "Failed publickey for root from 127.0.0.1 port 40176 ssh2: ED25519 SHA256:yWAt\r\n",
    ])
    func `nothing that a stranger can have sshd write is a login`(_ record: String) {
        if case .login = SSHLogLine(record).event { Issue.record("it counts") }
        let genuine = "Accepted publickey for root from ::1 port 40176 ssh2: ED25519 SHA256:yWAt\r\n"
        #expect(SSHLogLine(genuine).event == .login(remote: "::1", port: 40176, fingerprint: "SHA256:yWAt"))
    }

    @Test func `sshd is started again after growing pauses, and soon again after it was well`() {
        var pause = RestartPause()
        #expect(pause.next(afterRunning: .zero) == .milliseconds(100))
        #expect(pause.next(afterRunning: .zero) == .milliseconds(200))
        for _ in 0..<20 { _ = pause.next(afterRunning: .zero) }
        #expect(pause.next(afterRunning: .zero) == .seconds(30))
        #expect(pause.next(afterRunning: .seconds(61)) == .milliseconds(100))
    }

    @Test func `connections are read from the kernel's table`() {
        let table = """
              sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
               0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 41 1 0 100 0 0 10 0
               1: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 42 1 0 20 4 30 10 -1
            """
        #expect(
            TCPSocketFacts.parse(table) == [
                TCPSocketFacts(localPort: 8080, remotePort: 0, isListening: true, inode: 41),
                TCPSocketFacts(localPort: 8080, remotePort: 50_000, isListening: false, inode: 42),
            ])
    }

    // MARK: hub.json5

    @Test func `sites whose pages may ask are named as browsers name them`() throws {
        for good in ["http://pi.home", "https://pi.home:8443", "http://[fd00::2]:80"] {
            #expect(NetworkAddress.isOrigin(good), "\(good)")
        }
        for bad in [
            "", "*", "null", "pi.home", "https://", "https://pi.home/", "https://Pi.home", "https://*.home",
            "ftp://pi.home",
        ] {
            #expect(!NetworkAddress.isOrigin(bad), "\(bad)")
        }
        try withTemporaryDirectory { directory in
            directory.write(
                #"{ name: "x", sftp: { port: 1 }, api: { port: 2, origins: ["https://pi.home"] } }"#, to: "hub.json5")
            let read = try HubConfiguration.load(HubLayout(root: directory.path))
            #expect(read.apiOrigins == ["https://pi.home"])
        }
    }

    @Test func `a configuration is read as it was written`() throws {
        try withTemporaryDirectory { directory in
            let layout = HubLayout(root: directory.path)
            var written = HubConfiguration(name: "a \"quoted\" \\ name", listen: "::1", sftpPort: 22, apiPort: 65_535)
            written.protect = .copy
            try written.write(to: layout)
            #expect(try HubConfiguration.load(layout) == written)
        }
    }

    @Test(arguments: [
        ("{ name: 'x', sftp: { port: 1 }, api: { port: 2 }, color: 1 }", "color: unknown key"),
        (
            "{ name: 'x', sftp: { port: 1, mod: 'system' }, api: { port: 2 } }",
            "sftp.mod: unknown key, did you mean 'mode'?"
        ),
        ("{ name: 'x', sftp: { port: '1' }, api: { port: 2 } }", "sftp.port: expected a whole number"),
        ("{ name: 'x', sftp: { port: 0 }, api: { port: 2 } }", "sftp.port: expected a port from 1"),
        (
            "{ name: 'x', sftp: { port: 65536 }, api: { port: 2 } }",
            "sftp.port: expected a whole number from 0 to 65535"
        ),
        ("{ name: 'x', sftp: { port: 1, mode: 'own' }, api: { port: 2 } }", "sftp.mode: expected"),
        (
            "{ name: 'x', sftp: { port: 1 }, api: { port: 2 }, share: { protect: 'clone' } }",
            "share.protect: expected \"off\" or \"copy\" or \"never\""
        ),
        ("{ sftp: { port: 1 }, api: { port: 2 } }", "name: expected a string, found nothing"),
        ("{ name: '', sftp: { port: 1 }, api: { port: 2 } }", "name: expected 1 to 64 characters"),
        ("{ name: 'x', listen: 'pi.home', sftp: { port: 1 }, api: { port: 2 } }", "listen: expected an IP address"),
        ("{ name: 'x', hosts: ['a b'], sftp: { port: 1 }, api: { port: 2 } }", "hosts: expected names"),
        ("{ name: 'x', ", "not JSON5"),
    ])
    func `a mistake in hub.json5 is named with its file, its key and what was expected`(
        _ text: String, _ complaint: String
    ) {
        withTemporaryDirectory { directory in
            directory.write(text, to: "hub.json5")
            let error = #expect(throws: (any Error).self) { try HubConfiguration.load(HubLayout(root: directory.path)) }
            let said = error.map { "\($0)" } ?? ""
            #expect(said.hasPrefix(directory.path("hub.json5")) && said.contains(complaint), "\(said)")
        }
    }

    @Test func `invites name the hosts of the configuration, else the address that is listened on`() {
        var configuration = HubConfiguration(name: "x", listen: "127.0.0.1", sftpPort: 1, apiPort: 2)
        #expect(configuration.hostCandidates == ["127.0.0.1"])
        configuration.hosts = ["pi.home"]
        #expect(configuration.hostCandidates == ["pi.home"])
        configuration = HubConfiguration(name: "x", sftpPort: 1, apiPort: 2)
        #expect(configuration.hostCandidates.first == NetworkAddress.hostName())
        #expect(!configuration.hostCandidates.contains("127.0.0.1"))
    }
}
