import ControlAPI
import Glibc
import Processes
import TestSupport
import Testing

/// Who is let in, and who is not any more.
@Suite(.fleet)
struct TrustTests {
    @Test func `an agent stops when the hub has another host key, and names both`() throws {
        try withFleet(agents: ["ann"]) { fleet in
            try fleet["ann"].folder.write("x", to: "x")
            try fleet.expectSame()
            try fleet["ann"].stop()
            try fleet.hub.stop()
            let old = try FleetTools.fingerprint(of: fleet.hub.root)
            try FleetTools.changeHostKey(of: fleet.hub.root)
            let new = try FleetTools.fingerprint(of: fleet.hub.root)
            #expect(old != new)
            try fleet.hub.start()
            try fleet["ann"].start()
            // Its unit starts it again: the only address may be another's in a café.
            #expect(fleet["ann"].program?.child.wait(timeout: .seconds(20)) == .exited(1))
            let said = fleet["ann"].program?.logTail ?? ""
            #expect(said.contains(old) && said.contains(new))
            #expect(fleet["ann"].folder.text("x") == "x")
        }
    }

    /// After which ends its unit does not start an agent again.
    private func lastEnds() throws -> [Int32] {
        let source = "/" + "\(#filePath)".split(separator: "/").dropLast(3).joined(separator: "/")
        let unit = try #require(FleetFolder(source).text("deploy/syncagent.service"))
        let lines = unit.split(separator: "\n").filter { $0.hasPrefix("RestartPreventExitStatus=") }
        return lines.flatMap { $0.split(separator: "=")[1].split(separator: " ").compactMap { Int32($0) } }
    }

    @Test func `a revoked client stops, its token and key open nothing any more, and its unit leaves it at that`()
        throws
    {
        let last = try lastEnds()
        #expect(last.count == 1 && !last.contains(1))
        try withFleet { fleet in
            try fleet["ann"].folder.write("x", to: "x")
            try fleet.expectSame()
            try fleet.hub.ctl("revoke", "bea").expectDone()
            #expect(fleet["bea"].program?.child.wait(timeout: .seconds(20)) == last.first.map { .exited($0) })
            #expect(fleet["bea"].program?.logTail.contains("revoked") == true)
            // Later it hears only that its key is refused, which may have another cause. It says so, and asks on, ever less often.
            try fleet["bea"].start()
            try eventually("bea says why it does nothing") {
                let said = try fleet["bea"].ctl("status")
                return said.code == 3 && said.errors.contains("This machine was revoked, or ")
                    && said.errors.contains("syncctl invite bea")
            }
            #expect(fleet["bea"].program?.logTail.contains("This machine was revoked, or ") == true)
            try fleet["bea"].stop()
            #expect(try fleet["bea"].run("once").code == last.first)
            #expect(try fleet.hub.status(of: "bea").state == .revoked)
            #expect(fleet["bea"].folder.text("x") == "x")
            let token = FleetFolder(fleet["bea"].home).text("token") ?? ""
            let answer = try run(
                findExecutable("curl") ?? "/usr/bin/curl",
                [
                    "-s", "-o", "/dev/null", "-w", "%{http_code}", "-H", "Authorization: Bearer \(token)",
                    "http://127.0.0.1:\(fleet.hub.apiPort)/v1/status",
                ])
            #expect(["401", "403"].contains(answer.outputText))
            // Those who stay go on.
            try fleet["ann"].folder.write("y", to: "y")
            try fleet.wait()
        }
    }

    @Test func `an agent whose key cannot be looked up at the hub for a while comes back by itself`() throws {
        try withFleet(agents: ["ann"], proxied: true) { fleet in
            let ann = fleet["ann"]
            try ann.folder.write("x", to: "x")
            try fleet.expectSame()
            let ssh = FleetFolder(fleet.hub.root + "/ssh")
            try ssh.rename("authorized_keys", to: "away")
            ann.proxy?.cut()
            try ann.folder.write("y", to: "y")
            try eventually("ann is refused") { try ann.ctl("status").errors.contains("refused the key") }
            #expect(ann.isRunning)
            #expect(try ann.ctl("unsynced").output.contains("the hub has not let this machine in since"))
            try ssh.rename("away", to: "authorized_keys")
            try fleet.expectSame()
            #expect(fleet.hub.share.text("y") == "y")
        }
    }

    @Test func `an invite is good for one client`() throws {
        try withFleet(agents: [], running: false) { fleet in
            let invite = Array(try fleet.hub.ctl("invite", "ann").expectDone().bytes)
            func join(_ number: Int) throws -> FleetAnswer {
                try FleetAnswer(
                    "syncagent",
                    [
                        "join", "-", "--folder", fleet.directory.path("folder \(number)"), "--home",
                        fleet.directory.path("home \(number)"),
                    ], input: invite)
            }
            #expect(try join(1).code == 0)
            #expect(try join(1).code == 1)
            #expect(try join(2).code != 0)
            #expect(try fleet.hub.status().clients.map(\.name) == ["ann"])
        }
    }

    @Test func `who has lost what a join gave joins anew when the old client is revoked, and not under two names`()
        throws
    {
        try withFleet(agents: [], running: false) { fleet in
            let invite = try fleet.hub.ctl("invite", "ann").expectDone().bytes
            let agent = ["join", "-", "--folder", fleet.directory.path("f"), "--home", fleet.directory.path("h")]
            #expect(try FleetAnswer("syncagent", agent, input: invite).code == 0)
            // As if it had ended after the hub's answer and before that was written down.
            for name in ["token", "agent.json5"] { unlink(fleet.directory.path("h/" + name)) }
            let again = try FleetAnswer("syncagent", agent, input: invite)
            // The invite was used up by the proof at the end of joining: a new one for the same name is needed.
            #expect(again.code != 0)
            let renewed = try fleet.hub.ctl("invite", "bea").expectDone().bytes
            // What is in the home is the key of a client that is there: one key opens one name's things.
            let refused = try FleetAnswer("syncagent", agent, input: renewed)
            #expect(
                refused.code != 0 && refused.errors.contains("this key belongs to 'ann' already"), "\(refused.errors)")
            try fleet.hub.ctl("revoke", "ann").expectDone()
            try FleetAnswer("syncagent", agent, input: renewed).expectDone()
        }
    }

    @Test func `a phone sees the share and nothing else`() throws {
        try withFleet(agents: ["ann"]) { fleet in
            try fleet["ann"].folder.write("a picture", to: "photos/one.jpg")
            try fleet.expectSame()
            let phone = try FleetPhone(fleet, "phone")
            let got = fleet.directory.path("got.jpg")
            let answer = try phone.sftp("ls photos", "get photos/one.jpg \(got)")
            #expect(answer.status.isSuccess, "\(answer.errorText)")
            #expect(answer.outputText.contains("one.jpg"))
            #expect(fleet.directory.text("got.jpg") == "a picture")
            for path in ["journal.db", "admin.token", "hub.json5"] {
                let stolen = fleet.directory.path("stolen")
                #expect(try !phone.sftp("get \(fleet.hub.root)/\(path) \(stolen)").status.isSuccess)
                #expect(try !phone.sftp("get ../\(path) \(stolen)").status.isSuccess)
                #expect(fleet.directory.read("stolen") == nil)
            }
            #expect(try fleet.hub.status(of: "phone").kind == .sftp)
        }
    }

    @Test func `two hubs on one machine do not disturb each other`() throws {
        try withFleet(agents: ["ann"]) { one in
            try withFleet(agents: ["ann"]) { two in
                try one["ann"].folder.write("one", to: "file")
                try two["ann"].folder.write("two", to: "file")
                try one.expectSame()
                try two.expectSame()
                #expect(one.hub.share.text("file") == "one" && two.hub.share.text("file") == "two")
                try one.stop()
                try two["ann"].folder.write("still there", to: "file")
                try two.expectSame()
                #expect(two.hub.share.text("file") == "still there")
            }
        }
    }
}

/// A device that only speaks SFTP.
struct FleetPhone {
    private let fleet: Fleet
    private let key: String
    private let user: String

    /// - Parameter invited: more options of `syncctl invite`.
    init(_ fleet: Fleet, _ name: String, invited: [String] = []) throws {
        self.fleet = fleet
        key = fleet.directory.path(name + ".key")
        let made = try run(findExecutable("ssh-keygen") ?? "", ["-q", "-t", "ed25519", "-N", "", "-f", key])
        #expect(made.status.isSuccess)
        let response: InviteResponse.Connection = try fleet.hub.ctl(
            ["invite", name, "--sftp-only", "--key", key + ".pub", "--json"] + invited
        ).decoded()
        user = response.user
    }

    /// OpenSSH's own client with a batch of commands.
    func sftp(_ commands: String...) throws -> Completed {
        try run(
            findExecutable("sftp") ?? "", arguments(batch: "-"),
            input: Array(commands.joined(separator: "\n").utf8 + [10]))
    }

    /// The same, slowly (in kbit/s), and not waited for.
    func sftp(_ command: String, limit: Int) throws -> ChildProcess {
        let batch = fleet.directory.write(command + "\n", to: "batch")
        return try ChildProcess(
            findExecutable("sftp") ?? "", ["-l", "\(limit)"] + arguments(batch: batch),
            ChildProcess.Options(output: .null, errors: .null))
    }

    private func arguments(batch: String) -> [String] {
        [
            "-b", batch, "-q", "-P", "\(fleet.hub.sftpPort)", "-i", key, "-o", "IdentitiesOnly=yes", "-o",
            "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "\(user)@127.0.0.1",
        ]
    }
}

enum FleetTools {
    /// `SHA256:…` of the hub's host key.
    static func fingerprint(of root: String) throws -> String {
        let answer = try run(findExecutable("ssh-keygen") ?? "", ["-l", "-f", hostKey(root) + ".pub"])
        return answer.outputText.split(separator: " ").dropFirst().first.map(String.init) ?? ""
    }

    static func changeHostKey(of root: String) throws {
        let path = hostKey(root)
        unlink(path)
        unlink(path + ".pub")
        let made = try run(findExecutable("ssh-keygen") ?? "", ["-q", "-t", "ed25519", "-N", "", "-f", path])
        #expect(made.status.isSuccess)
    }

    private static func hostKey(_ root: String) -> String { root + "/ssh/ssh_host_ed25519_key" }
}
