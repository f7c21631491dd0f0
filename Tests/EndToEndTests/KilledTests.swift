import Glibc
import TestSupport
import Testing

/// `syncagent join`, `rotate` and `leave`, ended by SIGKILL before each single thing that they do: see `contrib/torturing/killed.c`.
@Suite(.fleet)
struct KilledTests {
    @Test func `a join that is killed anywhere is run again with the same invite, and leaves no other key`() throws {
        try withFleet(agents: []) { fleet in
            var met: Set<Left> = []
            for act in 1...200 {
                let agent = try fleet.add("at-\(act)")
                let invite = try agent.invite()
                let oneTime = try #require(keys(of: agent).first)
                let killed = try agent.tryToJoin(
                    with: invite, preload: .killed("syncagent", before: act, in: fleet.directory))
                if killed.code == 0 { break }
                #expect(killed.code == -SIGKILL, "\(act): \(killed.code) \(killed.errors)")
                let left = Left(agent, isInviteOpen: keys(of: agent).contains(oneTime), keys: keys(of: agent).count)
                let again = try agent.tryToJoin(with: invite)
                if left.files.isSuperset(of: ["agent.json5", "token"]), !left.files.contains("joining") {
                    #expect(again.errors.contains("has joined a hub already"), "\(act)")
                } else {
                    #expect(again.code == 0, "\(act), after \(left): \(again.errors)")
                }
                try expectItsOwnKeyOnly(agent, "\(act), after \(left)")
                // What was left decides what comes of it: the first of each kind is tried to the end.
                if met.insert(left).inserted { try expectToWork(agent, in: fleet) }
            }
            #expect(try fleet.hub.status().clients.map(\.name).sorted() == fleet.agents.map(\.name).sorted())
            let own: Set = ["id_ed25519", "id_ed25519.pub"]
            let begun = own.union(["joining"])
            for (what, isMet) in [
                ("before it has a key", { $0.files.isEmpty }),
                ("its registration has not reached the hub", { $0.files == own && $0.isInviteOpen && $0.keys == 1 }),
                ("the hub has registered it, and it has not heard so", { $0.files == own && $0.keys == 2 }),
                ("before the new way is tried", { $0.files == begun && $0.isInviteOpen && $0.keys == 2 }),
                ("the invite is used up, and it has not heard so", { $0.files == begun && !$0.isInviteOpen }),
                ("before the new way has worked", { $0.files == begun.union(["last-host"]) && !$0.hasMarker }),
                ("with a folder, and no token", { !$0.files.contains("token") && $0.hasMarker }),
                ("with a token, and no configuration", { $0.files == begun.union(["last-host", "token"]) }),
                ("with all", { $0.files.isSuperset(of: ["joining", "agent.json5"]) }),
            ] as [(String, (Left) -> Bool)] {
                #expect(met.contains(where: isMet), "no join was killed there: \(what)\n\(met)")
            }
        }
    }

    @Test func `a change of the key that is killed anywhere is run again, and the agent works before that, too`() throws
    {
        try withFleet(agents: ["ann"]) { fleet in
            let ann = fleet["ann"]
            let home = FleetFolder(ann.home)
            var met: Set<Left> = []
            for act in 1...200 {
                let before = keys(of: ann)
                #expect(before.count == 1)
                let killed = try ann.run(
                    "rotate", preload: .killed("syncagent", before: act, in: fleet.directory))
                if killed.code == 0 { break }
                #expect(killed.code == -SIGKILL, "\(act): \(killed.code) \(killed.errors)")
                var left = Left(ann, isInviteOpen: false, keys: keys(of: ann).count)
                left.hasFirstKey = home.text("id_ed25519.pub")?.contains(before[0]) == true
                if met.insert(left).inserted {
                    try ann.stop()
                    try ann.start()
                    try ann.folder.write("\(act)", to: "file")
                    try fleet.expectSame()
                }
                let again = try ann.run("rotate")
                #expect(again.code == 0, "\(act), after \(left): \(again.errors)")
                try expectItsOwnKeyOnly(ann, "\(act), after \(left)")
                #expect(keys(of: ann) != before && ann.isRunning)
            }
            try ann.folder.write("in the end", to: "file")
            try fleet.expectSame()
            for (what, isMet) in [
                ("the hub has not heard of it", { !$0.files.contains("rotating") && $0.keys == 1 }),
                ("it has not heard the hub's answer", { !$0.files.contains("rotating") && $0.keys == 2 }),
                ("with the old key", { $0.files.contains("rotating") && $0.keys == 2 && $0.hasFirstKey }),
                ("with the new key", { $0.files.contains("rotating") && $0.keys == 2 && !$0.hasFirstKey }),
                ("the old key is gone", { $0.files.contains("rotating") && $0.keys == 1 && !$0.hasFirstKey }),
            ] as [(String, (Left) -> Bool)] {
                #expect(met.contains(where: isMet), "no change was killed there: \(what)\n\(met)")
            }
        }
    }

    @Test func `a machine that leaves and is killed anywhere leaves again, and keeps nothing that opens the hub`()
        throws
    {
        try withFleet(agents: []) { fleet in
            for act in 1...50 {
                let agent = try fleet.join("at-\(act)")
                try agent.folder.write("stays", to: FleetPath(agent.name))
                try agent.run("once").expectDone()
                let killed = try agent.run("leave", preload: .killed("syncagent", before: act, in: fleet.directory))
                let again = try agent.run("leave")
                if killed.code == 0 {
                    #expect(again.code == 4 && act > 10, "\(act): \(again.errors)")
                    break
                }
                #expect(killed.code == -SIGKILL && again.code == 0, "\(act): \(again.errors)")
                #expect(FleetFolder(agent.home).allNames() == ["run.lock"], "\(act)")
                #expect(agent.folder.text(FleetPath(agent.name)) == "stays", "\(act)")
                #expect(!agent.folder.exists(".synchub/folder"), "\(act)")
            }
        }
    }

    /// What a program that was killed has left, here and at the hub.
    private struct Left: Hashable {
        /// In the home, without what is always there, and what has no name yet.
        let files: Set<String>
        let hasMarker: Bool
        let isInviteOpen: Bool
        /// With which somebody may come in that name.
        let keys: Int
        var hasFirstKey = false

        init(_ agent: FleetAgent, isInviteOpen: Bool, keys: Int) {
            let names = FleetFolder(agent.home).names().map(\.description)
            files = Set(names.filter { !$0.hasSuffix(".lock") && !$0.hasPrefix(".synchub-") })
            hasMarker = agent.folder.exists(".synchub/folder")
            (self.isInviteOpen, self.keys) = (isInviteOpen, keys)
        }
    }

    /// The keys, as `authorized_keys` has them, with which somebody may come in that name.
    private func keys(of agent: FleetAgent) -> [String] {
        let text = FleetFolder(agent.hub.root).text("ssh/authorized_keys") ?? ""
        return text.split(separator: "\n").filter { $0.hasSuffix(" \(agent.name)") }
            .map { String($0.split(separator: " ").dropLast().last ?? "") }
    }

    /// The hub knows the key that is in the home, and no other of that name; nothing secret lies about that nobody needs.
    private func expectItsOwnKeyOnly(_ agent: FleetAgent, _ what: String) throws {
        let words = try #require(FleetFolder(agent.home).text("id_ed25519.pub")).split(separator: " ")
        #expect(keys(of: agent) == [String(words[1])], "\(what)")
        let names = FleetFolder(agent.home).allNames().map(\.description)
        let secrets = ["id_ed25519.new", "joining", "rotating", ".synchub-"]
        // No secret, and the agent that runs may be writing it.
        let rest = names.filter { name in secrets.contains(where: name.hasPrefix) && !name.contains("last-host") }
        #expect(rest.isEmpty, "\(what): \(rest)")
    }

    /// It gets a file, and gives one.
    private func expectToWork(_ agent: FleetAgent, in fleet: Fleet) throws {
        try agent.start()
        try agent.folder.write("from here", to: FleetPath("\(agent.name).up"))
        try fleet.hub.share.write("from there", to: FleetPath("\(agent.name).down"))
        try fleet.wait(on: [agent.name])
        #expect(agent.folder.exists(FleetPath("\(agent.name).down")))
        #expect(fleet.hub.share.exists(FleetPath("\(agent.name).up")))
        try agent.stop()
    }
}
