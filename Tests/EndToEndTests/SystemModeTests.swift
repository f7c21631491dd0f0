import Glibc
import Processes
import TestSupport
import Testing

/// A hub that this machine's own sshd serves, with exactly `deploy/sshd-synchub.conf` and `deploy/synchub-jail`. One after the other: a hub
/// ends all sessions of its user that it does not know, and these have the same one.
@Suite(
    .fleet, .serialized,
    .enabled(if: SystemHost.obstacle == nil, "a machine with an sshd of its own \(SystemHost.obstacle ?? "")"))
struct SystemModeTests {
    @Test func `a phone and an agent work through this machine's own sshd`() throws {
        try withSystemHost { host in
            try host.admit("phone")
            let (agent, folder) = try join("ann", host)
            let text = host.directory.write("from the phone", to: "text")
            let got = host.directory.path("got")
            try host.sftp("phone", "mkdir d", "put -p \(text) d/note").expectSuccess()
            try eventually("the agent has it") { folder.text("d/note") == "from the phone" }
            try folder.write("from ann", to: "answer")
            try eventually("the phone has it") {
                try host.sftp("phone", "get answer \(got)").status.isSuccess
                    && host.directory.text("got") == "from ann"
            }
            let log = try host.answer("syncctl", "log", "--root", SystemHost.root).expectSuccess().outputText
            #expect(log.contains("phone") && log.contains("ann"))
            agent.terminate()
            #expect(agent.wait(timeout: .seconds(15))?.isSuccess == true)
            #expect(try host.stopHub()?.isSuccess == true)
        }
    }

    @Test func `a key opens the share in a jail, and nothing else of the machine`() throws {
        try withSystemHost { host in
            try host.admit("phone")
            let (agent, _) = try join("ann", host)
            let text = host.directory.write("text", to: "text")
            symlink("/etc/shadow", host.directory.path("hub/share/planted"))
            let root = SystemHost.root
            for command in [
                "get /etc/shadow GOT", "get planted GOT", "get \(root)/journal.db GOT", "get ../admin.token GOT",
                "get /proc/1/cmdline GOT", "ls /", "ls /etc", "ls ../staging", "ls ../staging/ann", "ls /dev/shm",
                "put \(text) ../staging/ann/x", "put \(text) /usr/local/bin/x", "ln /etc/passwd stolen",
                "chmod 777 ../staging",
            ] {
                let got = host.directory.path("got")
                let outcome = try host.sftp("phone", command.split(separator: "GOT").joined(separator: got))
                #expect(!outcome.status.isSuccess && !outcome.errorText.contains("onnection"), "\(command)")
                #expect(host.directory.read("got")?.isEmpty ?? true, "\(command)")
                unlink(got)
            }
            // Not even that something is there.
            let asked = try host.sftp(
                "phone", "-get ../journal.db x", "-get /home x", "-get \(host.directory.path)/text x")
            #expect(
                asked.errorText.split(separator: "\n").allSatisfy { $0.contains("not found") }, "\(asked.errorText)")
            try refusesAllButSFTP(host, host.directory.path("phone"), isAgent: false)
            try refusesAllButSFTP(host, host.directory.path("ann.home/id_ed25519"), isAgent: true)
            agent.kill()
        }
    }

    private func refusesAllButSFTP(_ host: SystemHost, _ key: String, isAgent: Bool) throws {
        let login = "synchub@127.0.0.1"
        for words in [[login], ["-tt", login], [login, "cat /etc/passwd"], [login, "sh -i; cat /etc/passwd"]] {
            let outcome = try host.ssh(key: key, words)
            #expect(!outcome.outputText.contains("root:"), "\(words)")
            #expect(!outcome.outputText.contains("$ "), "\(words)")
        }
        #expect(try host.ssh(key: key, ["-tt", login]).errorText.contains("PTY allocation request failed"))
        for target in ["127.0.0.1:22", "localhost:2280", "[::1]:22"] + (isAgent ? [] : ["127.0.0.1:2280"]) {
            let outcome = try host.ssh(key: key, ["-W", target, login])
            #expect(outcome.errorText.contains("forwarding failed"), "\(target): \(outcome.errorText)")
        }
        for backwards in ["0:127.0.0.1:22", "\(host.directory.path)/socket:127.0.0.1:22"] {
            let outcome = try host.ssh(key: key, ["-N", "-o", "ExitOnForwardFailure=yes", "-R", backwards, login])
            #expect(outcome.status == .exited(255), "\(backwards)")
        }
        // Neither an agent nor X11 is among what the key allows.
        let said = try host.ssh(key: key, ["-v", "-A", "-X", "-o", "LogLevel=DEBUG1", login, "true"]).errorText
        let options = said.split(separator: "\n").filter { $0.contains("key options:") }
        let wanted = isAgent ? "command permitopen port-forwarding" : "command"
        #expect(!options.isEmpty && options.allSatisfy { $0.contains("key options: \(wanted)") }, "\(options)")
    }

    @Test func `revoke ends the running sessions of that device and no others, and it does not come in again`() throws {
        try withSystemHost { host in
            for name in ["phone", "tablet"] { try host.admit(name) }
            let (agent, folder) = try join("ann", host)
            let (phone, tablet) = (try session("phone", host), try session("tablet", host))
            try host.answer("syncctl", "revoke", "phone", "--root", SystemHost.root).expectSuccess()
            #expect(!isServed(phone))
            #expect(isServed(tablet))
            let again = try host.ssh(key: host.directory.path("phone"), ["synchub@127.0.0.1"])
            #expect(again.errorText.contains("Permission denied"), "\(again.errorText)")
            try folder.write("still there", to: "file")
            try eventually("the hub has it") { host.directory.text("hub/share/file") == "still there" }
            #expect(agent.exitStatus == nil)

            try host.answer("syncctl", "revoke", "ann", "--root", SystemHost.root).expectSuccess()
            #expect(agent.wait(timeout: .seconds(20)) != nil)
            #expect(isServed(tablet))
            // One process of the hub's user is the session that stays.
            #expect(sshdProcesses() == 1)
            tablet.kill()
        }
    }

    @Test func `who came in while no hub ran has to come again`() throws {
        try withSystemHost { host in
            try host.admit("phone")
            let before = try session("phone", host)
            #expect(try host.stopHub()?.isSuccess == true)
            #expect(!isServed(before))
            let meanwhile = try session("phone", host)
            #expect(isServed(meanwhile))
            try host.startHub()
            #expect(!isServed(meanwhile))
            try host.sftp("phone", "pwd").expectSuccess()
        }
    }

    @Test func `check finds nothing wrong with the drop-in, and names what somebody wrote before it`() throws {
        try withSystemHost { host in
            func check() throws -> Completed { try host.run(["synchub", "check", "--root", SystemHost.root]) }
            let good = try check()
            #expect(good.status.isSuccess, "\(good.outputText)")
            #expect(good.outputText.contains("sshd serves 'synchub' as it should, and nothing else"))
            let other = try host.answer("synchub", "check", "--root", SystemHost.root)
            #expect(other.outputText.contains("only root can ask this machine's sshd"))

            let file = "/etc/ssh/sshd_config.d/a.conf"
            try host.run(
                ["tee", file],
                input: Array("Match User synchub\nPermitTTY yes\nMatch Address 192.0.2.0/24\nX11Forwarding yes\n".utf8)
            ).expectSuccess()
            let text = try check().outputText
            #expect(text.contains("a device could get a terminal: PermitTTY is yes"), "\(text)")
            #expect(text.contains("write 'PermitTTY no'"), "\(text)")
            #expect(text.contains("X11Forwarding is yes"), "\(text)")
            try host.run(["rm", file]).expectSuccess()

            try host.jail("down")
            #expect(try check().outputText.contains("the share is not in /run/synchub-jail"))
            #expect(try !host.sftpAfterAdmitting("lost").status.isSuccess)
            try host.jail("up")
            try host.sftp("lost", "pwd").expectSuccess()
        }
    }

    @Test func `a hub does not start where sshd shows another key than devices expect, or nobody answers`() throws {
        try withSystemHost { host in
            #expect(try host.stopHub()?.isSuccess == true)
            let other = "/etc/ssh/other"
            try host.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", other]).expectSuccess()
            try host.configure("s|host_key: .*|host_key: \"\(other).pub\",|")
            let outcome = try host.answer("synchub", "run", "--root", SystemHost.root)
            #expect(!outcome.status.isSuccess)
            #expect(
                outcome.errorText.contains("the sshd on port 22 shows the host key SHA256:"), "\(outcome.errorText)")
            try host.configure("s|^\\( *\\)port: 22,|\\1port: 24,|")
            #expect(try host.answer("synchub", "run", "--root", SystemHost.root).errorText.contains("no sshd answers"))
            let asRoot = try host.run(["synchub", "run", "--root", SystemHost.root])
            #expect(asRoot.errorText.contains("not as root"), "\(asRoot.errorText)")
        }
    }

    // MARK: - Helpers

    /// An agent that runs there.
    private func join(_ name: String, _ host: SystemHost) throws -> (ChildProcess, FleetFolder) {
        let invite = try host.answer("syncctl", "invite", name, "--root", SystemHost.root).expectSuccess()
        let folder = host.directory.makeDirectory(name)
        let home = host.directory.path(name + ".home")
        try host.run(["syncagent", "join", "-", "--folder", folder, "--home", home], input: invite.output)
            .expectSuccess()
        let log = name + ".log"
        let agent = try host.start(["syncagent", "run", "--home", home], log: log)
        try eventually("\(name) runs") { host.directory.text(log)?.contains("agent info running") == true }
        return (agent, FleetFolder(folder))
    }

    /// An SFTP session that stays, and serves.
    private func session(_ phone: String, _ host: SystemHost) throws -> ChildProcess {
        let child = try host.start(
            ["sftp", "-q"] + SystemHost.options(host.directory.path(phone)) + ["-b", "-", "synchub@127.0.0.1"],
            log: "\(phone).log")
        guard isServed(child) else { throw FleetProgram.Failure("no session of \(phone)") }
        return child
    }

    /// Whether a session still serves: its client ends when it does not.
    private func isServed(_ session: ChildProcess) -> Bool {
        guard session.input?.write(Array("ls\n!echo served\n".utf8)) == true else { return false }
        var text = ""
        while let bytes = session.output?.read(), !bytes.isEmpty {
            text += String(decoding: bytes, as: UTF8.self)
            if text.contains("\nserved") { return true }
        }
        return false
    }

    /// Those of the hub's user.
    private func sshdProcesses() -> Int {
        ProcessTable().entries.values.count { entry in
            var status = stat()
            return entry.name.hasPrefix("sshd") && entry.state != "Z" && stat("/proc/\(entry.pid)", &status) == 0
                && status.st_uid == SystemHost.user
        }
    }
}

extension SystemHost {
    fileprivate func sftpAfterAdmitting(_ phone: String) throws -> Completed {
        try admit(phone)
        return try sftp(phone, "pwd")
    }
}
