import Glibc
import TestSupport
import Testing

@testable import Hub

@Suite("The machine's own sshd: what it says of itself, and whom it asks about")
struct MachineSSHDTests {
    private static let rule = MachineSSHDRule(
        user: "synchub", groups: ["synchub"], isLocked: true, program: "/usr/local/bin/synchub", root: "/srv/synchub",
        sftpPort: 22, apiPort: 2280, hostKey: "/etc/ssh/ssh_host_ed25519_key.pub")

    /// As `sshd -T -C user=synchub` says it where deploy/sshd-synchub.conf is read.
    private static let good = """
        port 22
        listenaddress [::]:22
        usepam yes
        maxsessions 20
        logingracetime 20
        hostbasedauthentication no
        pubkeyauthentication yes
        kerberosauthentication no
        gssapiauthentication no
        passwordauthentication no
        kbdinteractiveauthentication no
        x11forwarding no
        permittty no
        permituserrc no
        permitemptypasswords no
        gatewayports no
        allowtcpforwarding local
        allowagentforwarding no
        disableforwarding no
        allowstreamlocalforwarding no
        ciphers chacha20-poly1305@openssh.com,aes128-ctr,aes256-ctr
        macs umac-64-etm@openssh.com,hmac-sha2-256
        forcecommand none
        chrootdirectory /run/synchub-jail
        trustedusercakeys none
        authorizedprincipalsfile none
        authorizedkeyscommand /usr/local/bin/synchub keys --root /srv/synchub --key %k
        authorizedkeyscommanduser synchub
        authorizedprincipalscommand none
        kexalgorithms sntrup761x25519-sha512@openssh.com,curve25519-sha256
        hostkeyalgorithms ssh-ed25519,rsa-sha2-512
        pubkeyacceptedalgorithms ssh-ed25519
        authorizedkeysfile none
        hostkey /etc/ssh/ssh_host_rsa_key
        hostkey /etc/ssh/ssh_host_ed25519_key
        acceptenv LANG
        acceptenv LC_*
        authenticationmethods publickey
        permittunnel no
        permitopen 127.0.0.1:2280
        permitlisten none
        permituserenvironment no
        """

    @Test func `what the drop-in says is well`() { #expect(Self.rule.findings(SSHDSettings(Self.good)) == []) }

    @Test(arguments: [
        ("passwordauthentication yes", "write 'PasswordAuthentication no'"),
        ("kbdinteractiveauthentication yes", "write 'KbdInteractiveAuthentication no'"),
        ("hostbasedauthentication yes", "write 'HostbasedAuthentication no'"),
        ("gssapiauthentication yes", "write 'GSSAPIAuthentication no'"),
        ("kerberosauthentication yes", "write 'KerberosAuthentication no'"),
        ("permitemptypasswords yes", "write 'PermitEmptyPasswords no'"),
        ("pubkeyauthentication no", "write 'PubkeyAuthentication yes'"),
        ("authenticationmethods any", "write 'AuthenticationMethods publickey'"),
        ("authenticationmethods password", "write 'AuthenticationMethods publickey'"),
        ("pubkeyacceptedalgorithms ssh-ed25519,ssh-rsa", "write 'PubkeyAcceptedAlgorithms ssh-ed25519'"),
        ("authorizedkeysfile .ssh/authorized_keys", "write 'AuthorizedKeysFile none'"),
        ("authorizedkeyscommand none", "write 'AuthorizedKeysCommand /usr/local/bin/synchub keys"),
        ("authorizedkeyscommanduser nobody", "write 'AuthorizedKeysCommandUser synchub'"),
        ("authorizedprincipalsfile /x", "write 'AuthorizedPrincipalsFile none'"),
        ("authorizedprincipalscommand /x", "write 'AuthorizedPrincipalsCommand none'"),
        ("trustedusercakeys /x", "write 'TrustedUserCAKeys none'"),
        ("forcecommand internal-sftp", "write 'ForceCommand none'"),
        ("disableforwarding yes", "write 'DisableForwarding no'"),
        ("allowtcpforwarding yes", "write 'AllowTcpForwarding local'"),
        ("allowtcpforwarding no", "write 'AllowTcpForwarding local'"),
        ("permitopen any", "write 'PermitOpen 127.0.0.1:2280'"),
        ("permitopen 127.0.0.1:2281", "write 'PermitOpen 127.0.0.1:2280'"),
        ("permitlisten any", "write 'PermitListen none'"), ("gatewayports yes", "write 'GatewayPorts no'"),
        ("allowstreamlocalforwarding yes", "write 'AllowStreamLocalForwarding no'"),
        ("allowagentforwarding yes", "write 'AllowAgentForwarding no'"),
        ("x11forwarding yes", "write 'X11Forwarding no'"), ("permittunnel yes", "write 'PermitTunnel no'"),
        ("permittty yes", "write 'PermitTTY no'"), ("permituserrc yes", "write 'PermitUserRC no'"),
        ("permituserenvironment yes", "write 'PermitUserEnvironment no'"),
        ("chrootdirectory none", "deploy/sshd-synchub.conf"), ("maxsessions 2", "write 'MaxSessions 20'"),
        ("logingracetime 120", "write 'LoginGraceTime 20'"), ("logingracetime 0", "write 'LoginGraceTime 20'"),
        ("usepam no", "usermod -p '*' synchub"),
        ("ciphers chacha20-poly1305@openssh.com", "add one of them to Ciphers"),
        ("macs umac-64-etm@openssh.com", "add one of them to MACs"),
        ("kexalgorithms diffie-hellman-group14-sha256", "add one of them to KexAlgorithms"),
        ("hostkeyalgorithms rsa-sha2-512", "add one of them to HostKeyAlgorithms"),
    ])
    func `a setting that lets devices do more, or nothing, is named with the line to write`(
        _ line: String, _ next: String
    ) {
        let keyword = line.prefix { $0 != " " } + " "
        let others = Self.good.split(separator: "\n").filter { !$0.hasPrefix(keyword) }
        let findings = Self.rule.findings(SSHDSettings((others + [line[...]]).joined(separator: "\n")))
        #expect(findings.count == 1 && findings.first?.next?.contains(next) == true, "\(findings)")
    }

    @Test(arguments: [
        ("allowusers pi", true), ("allowusers pi\nallowusers synchub", false),
        ("allowusers synchub@192.168.0.*", false),
        ("allowusers *", false), ("denyusers synchub", true), ("denyusers pi", false), ("allowgroups ssh-users", true),
        ("allowgroups synchub", false), ("permitopen 127.0.0.1:5432", true), ("acceptenv LD_PRELOAD", true),
        ("acceptenv *", true), ("acceptenv LC_ALL", false), ("acceptenv COLORTERM", false),
    ])
    func `what is said in addition is looked at too`(_ line: String, _ isWrong: Bool) {
        let findings = Self.rule.findings(SSHDSettings(Self.good + "\n" + line))
        #expect(findings.contains { $0.level == .wrong } == isWrong, "\(findings)")
    }

    /// It is not for one user, and so not in the drop-in.
    @Test(arguments: [(0, true), (1, false), (30, false), (31, true), (120, true)])
    func `a long time to log in is told with what to do, and is nothing wrong`(seconds: Int, isTold: Bool) {
        let text = Self.good.replacing("logingracetime 20", with: "logingracetime \(seconds)")
        let findings = Self.rule.findings(SSHDSettings(text))
        #expect(findings.map(\.level) == (isTold ? [.note] : []))
        #expect(CheckReport(findings: findings).isGood)
    }

    @Test func `an sshd on another port, or with other host keys, is not the one that devices are told of`() {
        var text = Self.good.split(separator: "\n").filter { !$0.hasPrefix("port") && !$0.hasPrefix("listen") }
        #expect(Self.rule.findings(SSHDSettings(text.joined(separator: "\n"))).map(\.level) == [.wrong])
        text.append("listenaddress 192.168.1.5:22")
        #expect(Self.rule.findings(SSHDSettings(text.joined(separator: "\n"))) == [])
        text.removeAll { $0.hasSuffix("ed25519_key") }
        #expect(Self.rule.findings(SSHDSettings(text.joined(separator: "\n"))).map(\.level) == [.wrong])
    }

    @Test func `the line of a key is found by the key alone, and a comment is none`() throws {
        let keys = ["A", "B"].map { String(ServiceTextTests.key.dropLast()) + $0 }
        let text = """
            # Written by synchub
            restrict,command="/x --client a" \(keys[0]) a
            #estrict,command="/x --client b" \(keys[1]) b

            """
        #expect(KeysCommand.line(of: try PublicKey(line: keys[0]), in: text)?.hasSuffix(" a") == true)
        #expect(KeysCommand.line(of: try PublicKey(line: keys[1]), in: text) == nil)
        #expect(KeysCommand.line(of: try PublicKey(line: ServiceTextTests.key), in: text) == nil)
    }

    @Test func `only sshd may ask whose a session is`() throws {
        let sessions = SSHSessions(of: .system)
        let key = try PublicKey(line: ServiceTextTests.key)
        sessions.list([key])
        // Who runs the tests is no sshd: what it serves would end with the key.
        #expect(!sessions.admits(key.fingerprint, askedBy: getpid()))
    }
}
