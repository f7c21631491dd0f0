import ControlAPI
import Glibc
import Hashing
import Processes
import SyncCore
import TestSupport
import Testing

/// Secrets stay in their files.
@Suite(.fleet)
struct LeakTests {
    /// What somebody did with the programs, and all that was said and seen meanwhile.
    private final class Story {
        let fleet: Fleet
        /// By what they are.
        var secrets: [String: String] = [:]
        var outputs: [(what: String, bytes: [UInt8])] = []

        init(_ fleet: Fleet) { self.fleet = fleet }

        /// The lines of a private key that say something.
        func remember(key: String, as name: String) {
            let lines = key.split(whereSeparator: \.isNewline).filter { !$0.contains("PRIVATE KEY") }
            // The first lines are the same for every key, but for their end.
            for (number, line) in lines.enumerated() where number > 0 && line.count > 8 {
                secrets["\(name), line \(number)"] = String(line)
            }
        }

        func remember(file path: String, as name: String) throws {
            let text = String(decoding: try #require(FleetFolder("").read(FleetPath(path))), as: UTF8.self)
            if text.contains("PRIVATE KEY") { return remember(key: text, as: name) }
            secrets[name] = String(text.prefix { !$0.isNewline })
        }

        func remember(_ invite: InviteMessage) {
            remember(key: invite.key, as: "the key of \(invite.client)'s invite")
            secrets["the secret of \(invite.client)'s invite"] =
                sha256(Array("synchub-invite\n\(invite.key)".utf8)).map(Escaping.hex).joined()
        }

        @discardableResult
        func run(_ program: String, _ arguments: [String], input: [UInt8] = []) throws -> FleetAnswer {
            let answer = try FleetAnswer(program, arguments, input: input)
            outputs.append(("\(program) \(arguments.joined(separator: " "))", answer.bytes + Array(answer.errors.utf8)))
            return answer
        }

        func ctl(_ words: String...) throws { try run("syncctl", words + ["--root", fleet.hub.root]) }

        func agent(_ home: String, _ words: String...) throws { try run("syncagent", words + ["--home", home]) }
    }

    /// Command lines and environments of every process of this machine, looked at all the time.
    private final class Watch: Sendable {
        private let seen = Monitor<(all: Set<[UInt8]>, isOver: Bool, isEnded: Bool)>(([], false, false))

        init() {
            startThread("watch") { [seen] in
                // What a process is called changes once, when it becomes another program.
                var looks: [pid_t: Int] = [getpid(): 4]
                while !seen.look({ $0.isOver }) {
                    for pid in Watch.processes() where looks[pid, default: 0] < 4 {
                        looks[pid, default: 0] += 1
                        let said = ["cmdline", "environ"].compactMap { FleetFolder("/proc/\(pid)").read(FleetPath($0)) }
                        seen.withLock { for text in said { $0.all.insert(text) } }
                    }
                    usleep(4_000)
                }
                seen.withLock { $0.isEnded = true }
            }
        }

        private static func processes() -> [pid_t] {
            guard let stream = opendir("/proc") else { return [] }
            defer { closedir(stream) }
            var all: [pid_t] = []
            while let entry = readdir(stream) {
                // SAFETY: a name of the directory, which ends with a NUL; it is read before the next call.
                withUnsafePointer(to: &entry.pointee.d_name.0) { if atoi($0) > 0 { all.append(atoi($0)) } }
            }
            return all
        }

        func end() -> Set<[UInt8]> {
            seen.withLock { $0.isOver = true }
            _ = seen.wait { $0.isEnded ? () : nil }
            return seen.look { $0.all }
        }
    }

    /// Which of the texts have a secret in them.
    private func find(_ secrets: [String: String], in texts: [[UInt8]], _ directory: TemporaryDirectory) throws
        -> [String]
    {
        let place = directory.makeDirectory("said")
        for (number, text) in texts.enumerated() { directory.write(text, to: "said/\(number)") }
        let all = directory.write(secrets.values.joined(separator: "\n"), to: "secret")
        let grep = findExecutable("grep") ?? ""
        if try Processes.run(grep, ["-rqaF", "-f", all, place]).status == .exited(1) { return [] }
        return try secrets.flatMap { name, secret in
            let pattern = directory.write(secret, to: "secret")
            let found = try Processes.run(grep, ["-rlaF", "-f", pattern, place])
            return found.outputText.split(separator: "\n").map {
                "\(name) is in \($0.split(separator: "/").last ?? "")"
            }
        }
    }

    @Test func `no secret is in arguments, environments, output, logs, the journal or what lies in the share`() throws {
        try withFleet(agents: [], running: false) { fleet in
            let (story, watch) = (Story(fleet), Watch())
            try play(story)
            let seen = watch.end()
            for log in [fleet.hub.log, fleet["ann"].log] {
                story.outputs.append((log, FleetFolder("").read(FleetPath(log)) ?? []))
            }
            // The hub keeps hashes: its own secrets are in two files, a client's in none.
            for name in [
                "journal.db", "journal.db-wal", "clients.json", "hub.json5", "ssh/authorized_keys", "ssh/sshd_config",
            ] {
                story.outputs.append((name, FleetFolder(fleet.hub.root).read(FleetPath(name)) ?? []))
            }
            #expect(story.secrets.count > 20 && seen.count > 20)
            let texts = story.outputs.map(\.bytes) + seen
            let found = try find(story.secrets, in: texts, fleet.directory)
            let whats = story.outputs.enumerated().map { "\($0.offset): \($0.element.what)" }
            #expect(found.isEmpty, "beyond \(whats.count): arguments and environments; \(whats)")
            // The search finds what is there.
            let (name, secret) = try #require(story.secrets.first)
            #expect(try find([name: secret], in: [Array("a \(secret) b".utf8)], fleet.directory) == ["\(name) is in 0"])
        }
    }

    /// All that has to do with secrets, and what goes wrong with them.
    private func play(_ story: Story) throws {
        let fleet = story.fleet
        try story.remember(file: fleet.hub.root + "/admin.token", as: "the administrator's token")
        try story.remember(file: fleet.hub.root + "/ssh/ssh_host_ed25519_key", as: "the host key")
        let bytes = try fleet.hub.ctl("invite", "bea").expectDone().bytes
        let invite = try WireFormat.decode(InviteMessage.self, from: bytes)
        story.remember(invite)
        let bea = fleet.directory.path("bea.home")
        let join = ["join", "-", "--folder", fleet.directory.path("bea"), "--home", bea]
        // A text that is cut, and one whose key is damaged.
        try story.run("syncagent", join, input: bytes.dropLast(40) + [10])
        var damaged = invite
        damaged.key = String(invite.key.dropLast(60)) + "\n"
        try story.run("syncagent", join, input: WireFormat.encode(damaged))
        let file = fleet.directory.write(bytes, to: "bea.invite")
        chmod(file, 0o644)
        try story.run("syncagent", ["join", file] + join.dropFirst(2))
        try story.run("syncagent", join, input: bytes).expectDone()
        try story.remember(file: bea + "/id_ed25519", as: "bea's key")
        try story.remember(file: bea + "/token", as: "bea's token")
        try fleet.join("ann")
        let home = fleet["ann"].home
        try story.remember(file: home + "/id_ed25519", as: "ann's first key")
        try story.remember(file: home + "/token", as: "ann's first token")
        try story.run("syncagent", join, input: bytes)
        let ann = fleet["ann"]
        try ann.start()
        try ann.folder.write("x", to: "x")
        try fleet.wait(on: ["ann"])
        try story.agent(home, "rotate")
        try story.remember(file: home + "/id_ed25519", as: "ann's second key")
        try story.remember(file: home + "/token", as: "ann's second token")
        for words in [["status"], ["clients"], ["unsynced"], ["log"], ["paths"], ["conflicts"]] {
            for target in [["--root", fleet.hub.root], ["--home", home]] {
                try story.run("syncctl", words + target)
                try story.run("syncctl", words + ["--json"] + target)
            }
        }
        let key = fleet.directory.path("phone.key")
        try story.ctl("invite", "phone", "--sftp-only", "--make-key", "--out", key)
        try story.remember(file: key, as: "the phone's key")
        let other = fleet.directory.path("cem.invite")
        try story.ctl("invite", "cem", "--json", "--out", other)
        let kept = try #require(FleetFolder("").read(FleetPath(other)))
        story.remember(try WireFormat.decode(InviteMessage.self, from: kept))
        try story.ctl("revoke", "cem")
        try ann.stop()
        for name in ["token", "id_ed25519"] {
            chmod(home + "/" + name, 0o640)
            let said = try story.run("syncagent", ["once", "--home", home])
            #expect(said.code == 1 && said.errors.contains("is a secret, but its mode is 0640"), "\(said.errors)")
            chmod(home + "/" + name, 0o600)
        }
        try story.ctl("revoke", "ann")
        try story.agent(home, "once")
        try story.agent(home, "once", "--json")
        try story.agent(home, "rotate")
        try story.ctl("clients", "--json")
        chmod(fleet.hub.root + "/admin.token", 0o644)
        let said = try story.run("syncctl", ["status", "--root", fleet.hub.root])
        #expect(said.code == 1 && said.errors.contains("chmod 600"), "\(said.errors)")
        chmod(fleet.hub.root + "/admin.token", 0o600)
    }
}
