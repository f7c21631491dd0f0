import ControlAPI
import Glibc
import SyncCore
import TestSupport
import Testing
import Transport

@testable import Agent

/// Joining, and changing the key, ended at each of their steps.
@Suite(.serialized) struct JoinTests {
    private struct Ended: Error {}

    private func invite(_ fleet: Fleet, _ name: String) throws -> InviteMessage {
        try WireFormat.decode(InviteMessage.self, from: fleet.hub.ctl("invite", name).expectDone().bytes)
    }

    private func join(
        _ fleet: Fleet, _ invite: InviteMessage, home: String
    ) throws -> Join {
        try Join(
            layout: AgentLayout(home: fleet.directory.path(home + ".home")), invite: invite,
            folder: fleet.directory.path(home), mode: .twoWay, subtree: nil)
    }

    /// A hub of its own for each home takes most of a second: one for all of them.
    @Test func `a join that ends at any step can be run again with the same invite`() throws {
        try withFleet(agents: [], running: false) { fleet in
            for step in Join.Step.allCases {
                let name = "at-\(step)"
                let invite = try invite(fleet, name)
                #expect(throws: Ended.self) {
                    try join(fleet, invite, home: name).run { if $0 == step { throw Ended() } }
                }
                let layout = AgentLayout(home: fleet.directory.path(name + ".home"))
                if step == .hello {
                    // Whoever else has the invite comes too late.
                    let late = try #require(throws: AgentFailure.self) { try join(fleet, invite, home: "late").run() }
                    #expect(late.description.hasPrefix("this invite was used already, or withdrawn"))
                }
                let configuration = try join(fleet, invite, home: name).run()
                #expect(configuration.client == name)
                #expect(try Joined(layout).configuration == configuration)
                #expect(!Files.exists(layout.begunJoin))
                #expect(throws: AgentFailure.self, "it has joined already") {
                    try join(fleet, invite, home: name)
                }
            }
            let status = try WireFormat.decode(
                StatusResponse.self, from: fleet.hub.ctl("status", "--json").expectDone().bytes)
            #expect(Set(status.clients.map(\.name)) == Set(Join.Step.allCases.map { "at-\($0)" }))
        }
    }

    @Test func `a join whose token the hub has replaced since uses the invite again`() throws {
        try withFleet(agents: [], running: false) { fleet in
            let invite = try invite(fleet, "ann")
            let layout = AgentLayout(home: fleet.directory.path("ann.home"))
            func end(at last: Join.Step) throws {
                #expect(throws: Ended.self) {
                    try join(fleet, invite, home: "ann").run { if $0 == last { throw Ended() } }
                }
            }
            try end(at: .begun)
            let begun = try #require(try BegunJoin.read(layout, of: invite))
            // It has registered once more, and has not heard so: the key is the same, the token is not.
            BegunJoin.remove(layout)
            try end(at: .answer)
            try begun.write(layout)
            #expect(try join(fleet, invite, home: "ann").run().client == "ann")
            #expect(try Joined(layout).token != begun.answer.token)
        }
    }

    @Test func `an invite that is not good any more says why, as far as it can be told`() throws {
        let invite = InviteMessage(
            hub: "pi", client: "ann", hosts: [], user: "sync", hostKey: "", key: "", expires: "2026-01-02T03:04:05Z",
            apiPort: 1)
        let end = try #require(Timestamp.parse(invite.expires))
        #expect(
            Join.whyOver(invite, now: end).hasPrefix("this invite has expired: it was good until 2026-01-02T03:04:05Z"))
        #expect(Join.whyOver(invite, now: end - 1_000_000_000).hasPrefix("this invite was used already, or withdrawn"))
    }

    /// What has come, whether from a terminal, and whether nothing more has to.
    @Test func `a pasted invite ends with its line`() {
        let line = String(
            decoding: WireFormat.encode(
                InviteMessage(
                    hub: "pi", client: "ann", hosts: [], user: "sync", hostKey: "", key: "-\n-", expires: "", apiPort: 1
                )),
            as: UTF8.self)
        let spread = line.split(separator: ",", omittingEmptySubsequences: false).joined(separator: ",\n")
        let cases: [(text: String, isTerminal: Bool, isWhole: Bool)] = [
            ("", true, false), ("\n \n", true, false), (line, true, false), (line, false, false),
            (line + "\n", true, true), (line + "\n", false, true), ("\n\n" + line + "\r\n", false, true),
            (spread + "\n", false, true), (String(spread.prefix(40)) + "\n", false, false), ("what?\n", true, true),
            ("what?\n", false, false), (line + "\nmore\n", false, false),
        ]
        for (text, isTerminal, isWhole) in cases {
            #expect(InviteInput.isWhole(Array(text.utf8), isTerminal: isTerminal) == isWhole, "\(text) \(isTerminal)")
        }
    }

    @Test func `a change of the key that ends at any step can be run again, and the agent that runs goes on`() throws {
        try withFleet(agents: ["ann"]) { fleet in
            let layout = AgentLayout(home: fleet["ann"].home)
            let configuration = try AgentConfiguration.load(layout)
            let rotation = Rotation(layout: layout, configuration: configuration)
            try fleet.expectSame()
            for step in Rotation.Step.allCases {
                let old = try BegunRotation.Secret(layout)
                #expect(throws: Ended.self) { try rotation.run { if $0 == step { throw Ended() } } }
                try rotation.run()
                let new = try BegunRotation.Secret(layout)
                #expect(new.token != old.token && new.privateKey != old.privateKey)
                #expect(!Files.exists(layout.begunRotation))
                // The old ones are nobody's.
                let keys = FleetFolder(fleet.hub.root).text("ssh/authorized_keys") ?? ""
                let words = { (line: String) in line.split(separator: " ").dropFirst().first ?? "" }
                #expect(keys.contains(words(new.publicKey)) && !keys.contains(words(old.publicKey)))
                var address = try configuration.address(layout, token: old.token)
                #expect(throws: HubError.self) { try look(address) }
                address.key = .text(old.privateKey)
                #expect(throws: HubError.self) { try look(address) }
                try fleet["ann"].folder.write("\(step)", to: "file")
            }
            try fleet.expectSame()
            #expect(fleet["ann"].isRunning && fleet.hub.share.text("file") == "finished")
        }
    }

    private func look(_ address: HubAddress) throws {
        try SSHHubConnection.connect(
            to: address, hello: HelloRequest(version: "1", generation: "1"), onlyLooks: true
        ) { _ in }.close()
    }

    @Test func `what a join or a change of the key has written down is refused where others may read it`() throws {
        try withTemporaryDirectory { directory in
            let layout = AgentLayout(home: directory.path(""))
            let secret = BegunRotation.Secret(try KeyPair.make(in: directory.path(""), comment: "ann"), token: "token")
            try BegunRotation(new: secret, old: secret).write(layout)
            #expect(try BegunRotation.read(layout) != nil)
            let invite = InviteMessage(
                hub: "home", client: "ann", hosts: [], user: "sync", hostKey: "", key: "key", expires: "",
                apiPort: 1)
            try BegunJoin(invite, subtree: nil, answer: JoinResponse(client: "ann", token: "token")).write(layout)
            #expect(try BegunJoin.read(layout, of: invite) != nil)
            for path in [layout.begunRotation, layout.begunJoin] { chmod(path, 0o644) }
            #expect(throws: (any Error).self) { try BegunRotation.read(layout) }
            #expect(throws: (any Error).self) { try BegunJoin.read(layout, of: invite) }
        }
    }

    /// A token that the hub does not know leaves it unable to show that it is the hub; a key is refused before that.
    @Test(arguments: [false, true])
    func `a change of the key that the hub has forgotten goes back to the old one`(knowsKey: Bool) throws {
        try withFleet(agents: ["ann"], running: false) { fleet in
            let layout = AgentLayout(home: fleet["ann"].home)
            let old = try BegunRotation.Secret(layout)
            let key = try knowsKey ? old.key : KeyPair.make(in: layout.home, comment: "ann")
            // As if the hub came from a backup, after the new ones stood in their files.
            let begun = BegunRotation(new: BegunRotation.Secret(key, token: "unknown"), old: old)
            try begun.write(layout)
            try key.write(to: layout)
            try Rotation(layout: layout, configuration: AgentConfiguration.load(layout)).run()
            let new = try BegunRotation.Secret(layout)
            #expect(new != old && new != begun.new)
            try fleet["ann"].start()
            try fleet["ann"].folder.write("x", to: "x")
            try fleet.expectSame()
        }
    }

    @Test func `a change of the key goes neither on nor back where nobody has shown that he is the hub`() throws {
        try withFleet(agents: ["ann"], running: false) { fleet in
            let layout = AgentLayout(home: fleet["ann"].home)
            let own = try BegunRotation.Secret(layout)
            let other = try KeyPair.make(in: layout.home, comment: "ann")
            // The new ones may be good for all that is known here; the old ones are not.
            let begun = BegunRotation(
                new: BegunRotation.Secret(own.key, token: "unknown"),
                old: BegunRotation.Secret(other, token: "unknown too"))
            try begun.write(layout)
            let rotation = try Rotation(layout: layout, configuration: AgentConfiguration.load(layout))
            let error = try #require(throws: HubError.self) { try rotation.run() }
            #expect(error.description.contains("has not shown that it is the hub"))
            #expect(try BegunRotation.Secret(layout) == own)
            #expect(try BegunRotation.read(layout) == begun)
        }
    }

    @Test func `a change of the key that the hub does not know, nor what was before, leaves everything as it is`()
        throws
    {
        try withFleet(agents: ["ann"], running: false) { fleet in
            let layout = AgentLayout(home: fleet["ann"].home)
            let own = try BegunRotation.Secret(layout)
            let (new, old) = try (
                KeyPair.make(in: layout.home, comment: "ann"), KeyPair.make(in: layout.home, comment: "ann")
            )
            let begun = BegunRotation(
                new: BegunRotation.Secret(new, token: "unknown"), old: BegunRotation.Secret(old, token: "unknown too"))
            try begun.write(layout)
            let rotation = try Rotation(layout: layout, configuration: AgentConfiguration.load(layout))
            let error = #expect(throws: AgentFailure.self) { try rotation.run() }
            #expect(try #require(error).description.contains("neither the new key and token nor the old ones"))
            #expect(try BegunRotation.Secret(layout) == own)
            #expect(try BegunRotation.read(layout) == begun)
        }
    }
}
