import ControlAPI
import Glibc
import Journal
import Processes
import SQLite
import SyncCore
import TestSupport
import Testing

@testable import Hub

/// What a thief with a stolen laptop tries, and what fails at the hub meanwhile.
struct RevokeTests {
    private let clock = MovedClock()

    private func hub() throws -> HubFixture { try HubFixture(clock: clock.clock) }

    private func revoke(_ hub: HubFixture, _ name: String) throws {
        _ = try hub.post("/v1/revoke", ClientRequest(client: name), as: ClientsTouchedResponse.self)
    }

    private func failure(_ body: () throws -> Void) -> ErrorMessage? {
        do {
            try body()
            return nil
        } catch { return error as? ErrorMessage }
    }

    /// Until what could not be written was tried again.
    private func passTime(_ hub: HubFixture) {
        clock.pass(6)
        hub.core.clockMoved()
    }

    @Test func `a disk without room for the list of keys keeps no session, and the answer says what is left`() throws {
        let hub = try hub()
        let laptop = try hub.join("laptop")
        let poll = laptop.changesLater(since: 0)
        #expect(eventually { hub.core.inspect { $0.polls.count } == 1 })
        hub.keys.fill(true)
        let said = failure { try revoke(hub, "laptop") }
        #expect(said?.message.contains("'laptop' is shut out while this hub runs, but not for good") == true)
        #expect(said?.message.contains("list of keys") == true && said?.message.contains("journal") == false)
        // What needs no disk is done.
        #expect(hub.keys.endings == 1)
        #expect(hub.keys.keys.isEmpty)
        #expect(hub.send("GET", "/v1/status", token: laptop.token).status == 403)
        expectRevoked(poll)
        // Asked again, it does the rest again, and says the same until there is room.
        #expect(failure { try revoke(hub, "laptop") } != nil)
        #expect(hub.keys.endings == 2)
        hub.keys.fill(false)
        passTime(hub)
        #expect(hub.core.inspect { $0.gate.keysTrouble == nil && $0.gate.retryAt == nil })
        try revoke(hub, "laptop")
        #expect(hub.keys.endings == 3)
    }

    private func expectRevoked(_ poll: Later<Result<ChangesResponse, any Error>>) {
        guard case .failure(let error)? = poll.value(), let refusal = error as? ErrorMessage else {
            Issue.record("the poll was not refused")
            return
        }
        #expect(refusal.code == .revoked)
    }

    @Test func `a journal that cannot be written lets nobody back in while the hub runs, and is told when it can be`()
        throws
    {
        let hub = try hub()
        let laptop = try hub.join("laptop")
        let file = try Database(path: hub.layout.journal)
        try file.run(
            """
            CREATE TRIGGER broken BEFORE UPDATE OF revoked_at ON client
            BEGIN SELECT RAISE(ABORT, 'the disk is broken'); END;
            """)
        let said = failure { try revoke(hub, "laptop") }
        #expect(said?.message.contains("the journal could not be told") == true)
        #expect(hub.keys.keys.isEmpty && hub.keys.endings == 1)
        #expect(hub.send("GET", "/v1/status", token: laptop.token).status == 403)
        #expect(try hub.get("/v1/clients", as: [ClientMessage].self).map(\.state) == [.revoked])
        #expect(hub.directory.text("clients.json")?.contains("laptop") == false)
        #expect(try hub.journal().client(named: "laptop")?.revokedAt == nil)
        passTime(hub)
        #expect(try hub.journal().client(named: "laptop")?.revokedAt == nil)
        try file.run("DROP TRIGGER broken")
        passTime(hub)
        #expect(hub.core.inspect { $0.gate.leaving.isEmpty })
        #expect(try hub.journal().client(named: "laptop")?.revokedAt != nil)
        #expect(hub.send("GET", "/v1/status", token: laptop.token).status == 403)
    }

    @Test func `who is given the name of an invite that could not be withdrawn stays`() throws {
        let hub = try hub()
        _ = try hub.post("/v1/invite", InviteRequest(client: "phone"), as: InviteResponse.self)
        let file = try Database(path: hub.layout.journal)
        try file.run(
            "CREATE TRIGGER broken BEFORE DELETE ON invite BEGIN SELECT RAISE(ABORT, 'the disk is broken'); END;")
        #expect(failure { try revoke(hub, "phone") }?.message.contains("the journal could not be told") == true)
        let device = InviteRequest(client: "phone", sftpOnly: true, key: HubFixture.key(of: "phone"))
        // While that one cannot be written down, nobody has the name.
        #expect(throws: (any Error).self) { _ = try hub.post("/v1/invite", device, as: InviteResponse.self) }
        try file.run("DROP TRIGGER broken")
        _ = try hub.post("/v1/invite", device, as: InviteResponse.self)
        #expect(hub.core.inspect { $0.gate.leaving.isEmpty })
        passTime(hub)
        #expect(hub.keys.access(of: "phone").count == 1)
        #expect(try hub.journal().client(named: "phone")?.revokedAt == nil)
    }

    @Test func `a device does not take what is a client's who has joined under its name meanwhile`() throws {
        let hub = try hub()
        _ = try hub.join("laptop")
        hub.directory.write("half", to: "staging/laptop/left")
        let key = try HubDesk.publicKey(HubFixture.key(of: "other"), field: "key")
        #expect(throws: JournalError.clientExists("laptop")) {
            try hub.core.inspect { _ = try $0.registerDevice(try ClientName("laptop"), key, .member, nil) }
        }
        #expect(hub.directory.text("staging/laptop/left") == "half")
    }

    @Test func `processes that do not end are told`() throws {
        let hub = try hub()
        _ = try hub.join("laptop")
        hub.keys.leave(2)
        #expect(
            failure { try revoke(hub, "laptop") }?.message.contains("2 processes of its sessions do not end") == true)
        #expect(try hub.journal().client(named: "laptop")?.revokedAt != nil)
    }

    @Test func `nobody of that name is still nobody`() throws {
        let hub = try hub()
        #expect(failure { try revoke(hub, "ghost") }?.code == .unknownClient)
        #expect(hub.keys.endings == 0)
    }

    @Test func `who has a revoked one's name has nothing of what was his`() throws {
        let hub = try hub()
        let old = try hub.join("laptop")
        _ = try hub.post(
            "/v1/hello", HelloRequest(version: "1", generation: "laptop-1", machine: "stolen"), token: old.token,
            as: HelloResponse.self)
        let kept = try #require(try old.create("kept", "kept").applied)
        let large = "what was made ready"
        let name = StagedResponse.prefix + content(large).digest.hex
        hub.directory.write(large, to: "staging/laptop/\(name)")
        let prepared = try hub.post(
            "/v1/prepare",
            PrepareRequest(
                epoch: old.epoch, content: ContentKey(sha256: content(large).digest.hex, size: Int64(large.utf8.count)),
                source: SourceMessage(.staged(file: name, offset: 0)), wait: 20), token: old.token,
            as: PrepareResponse.self)
        #expect(prepared.isReady && hub.core.inspect { $0.ready.has(anyFor: "laptop") })
        hub.directory.write("a secret", to: "staging/laptop/left")
        hub.directory.makeDirectory(".synchub/coming/laptop")
        hub.directory.write("half", to: ".synchub/coming/laptop/link")
        let before = hub.core.inspect { desk in
            desk.toldOld["laptop"] = [content("old").digest]
            return desk.clients["laptop"]?.holder
        }
        // As a session holds on to it that lives in spite of everything.
        let held = open(hub.directory.path("staging/laptop"), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        defer { close(held) }
        try revoke(hub, "laptop")
        let invite = try #require(
            try hub.post("/v1/invite", InviteRequest(client: "laptop"), as: InviteResponse.self).invite)
        let token = try hub.join(invite, key: HubFixture.key(of: "the new one")).token
        #expect(hub.directory.names(in: "staging/laptop").isEmpty)
        #expect(!hub.directory.names(in: ".synchub/coming").contains("laptop"))
        _ = mkdirat(held, "planted", 0o700)
        #expect(hub.directory.names(in: "staging/laptop").isEmpty)
        hub.core.inspect { desk in
            #expect(desk.toldOld["laptop"] == nil && !desk.ready.has(anyFor: "laptop"))
            #expect(desk.clients["laptop"]?.holder != before)
        }
        // Another machine, in the same minute, with numbers that were given before: its own answers.
        let hello = try hub.post(
            "/v1/hello", HelloRequest(version: "1", generation: "laptop-1", next: 1, machine: "new"), token: token,
            as: HelloResponse.self)
        #expect(!hello.setBack)
        let new = TestClient(hub: hub, name: "laptop", token: token, epoch: hello.epoch)
        let made = try #require(try new.create("mine", "mine").applied)
        #expect(made.id != kept.id && made.location.name.description == "mine")
        #expect(hub.shareNames() == ["kept", "mine"])
    }

    @Test func `a commit that was on its way is not that of who has the name now`() throws {
        let hub = try hub()
        let old = try hub.join("laptop")
        let isOpen = Monitor(false)
        // All who verify are busy.
        hub.core.inspect { desk in
            for _ in 0..<desk.settings.verifiers {
                desk.verifiers.run { _ = isOpen.wait(timeout: .seconds(60)) { $0 ? true : nil } }
            }
        }
        let body = WireFormat.encode(old.request([try old.creation("late", "late")]))
        let answer = hub.later("POST", "/v1/commit", token: old.token, body: body, as: CommitResponse.self)
        #expect(eventually { hub.core.inspect { $0.commitLines["laptop"] != nil } })
        try revoke(hub, "laptop")
        _ = try hub.join("laptop")
        isOpen.withLock { $0 = true }
        guard case .failure(let error)? = answer.value(), let refusal = error as? ErrorMessage else {
            Issue.record("it was carried out")
            return
        }
        #expect(refusal.code == .revoked)
        #expect(hub.shareNames().isEmpty)
        #expect(!hub.core.inspect { $0.ready.has(anyFor: "laptop") })
    }
}

/// What a thief with a stolen invite tries.
struct StolenInviteTests {
    private let clock = MovedClock()

    private func hub() throws -> HubFixture { try HubFixture(clock: clock.clock) }

    private func invite(_ hub: HubFixture, _ name: String, valid: Int? = nil) throws -> InviteMessage {
        try #require(
            try hub.post("/v1/invite", InviteRequest(client: name, valid: valid), as: InviteResponse.self).invite)
    }

    private func hello(_ hub: HubFixture, _ token: String) throws -> HelloResponse {
        try hub.post("/v1/hello", HelloRequest(version: "1", generation: "g"), token: token, as: HelloResponse.self)
    }

    @Test func `who has joined and not said hello has the tunnel only, and nothing of the API`() throws {
        let hub = try hub()
        let invite = try invite(hub, "laptop")
        let token = try hub.join(invite).token
        let access = hub.keys.access(of: "laptop")
        #expect(access.count == 2)
        for access in access {
            guard case .invite = access else {
                Issue.record("\(access)")
                continue
            }
        }
        for (method, path) in [
            ("GET", "/v1/status"), ("GET", "/v1/log"), ("GET", "/v1/paths"), ("GET", "/v1/changes?since=0&epoch=x"),
            ("POST", "/v1/snapshot"), ("GET", "/v1/snapshot"),
        ] where Route.allCases.contains(where: { $0.rawValue == "\(method) \(path.prefix { $0 != "?" })" }) {
            let reply = hub.send(method, path, token: token)
            #expect(reply.status == 403 && String(decoding: reply.body, as: UTF8.self).contains("/v1/hello"), "\(path)")
        }
        _ = try hello(hub, token)
        #expect(hub.keys.access(of: "laptop") == [.agent])
        #expect(hub.send("GET", "/v1/status", token: token).status == 200)
        // The sessions of the one-time key end with it.
        let used = try #require(try publicKey(of: invite, in: hub))
        #expect(hub.keys.waitForEnd(of: used))
    }

    /// As ssh-keygen reads it from the private one.
    private func publicKey(of invite: InviteMessage, in hub: HubFixture) throws -> PublicKey? {
        let path = hub.directory.write(invite.key, to: "stolen")
        chmod(path, 0o600)
        return try PublicKey(line: try run("/usr/bin/ssh-keygen", ["-y", "-f", path]).outputText)
    }

    @Test func `the invite's own key is nobody's, whoever joins with it`() throws {
        let hub = try hub()
        let stolen = try invite(hub, "laptop")
        let key = try #require(try publicKey(of: stolen, in: hub))
        let refused = #expect(throws: ErrorMessage.self) { _ = try hub.join(stolen, key: key.line) }
        #expect(refused?.code == .clientExists && refused?.message.contains("belongs to 'laptop' already") == true)
        // Nor by another invite, nor as a phone's.
        let other = try invite(hub, "desk")
        #expect(throws: ErrorMessage.self) { _ = try hub.join(other, key: key.line) }
        #expect(throws: ErrorMessage.self) {
            _ = try hub.post(
                "/v1/invite", InviteRequest(client: "phone", sftpOnly: true, key: key.line), as: InviteResponse.self)
        }
    }

    @Test func `a second join ends the sessions of the first one's key`() throws {
        let hub = try hub()
        let invite = try invite(hub, "laptop")
        let (thief, owner) = (HubFixture.key(of: "thief"), HubFixture.key(of: "owner"))
        _ = try hub.join(invite, key: thief)
        let token = try hub.join(invite, key: owner).token
        #expect(hub.keys.waitForEnd(of: try PublicKey(line: thief)))
        #expect(!hub.keys.keys.contains { $0.key.line == thief })
        _ = try hello(hub, token)
        #expect(hub.keys.keys.map(\.key.line) == [owner])
    }

    @Test(arguments: [false, true])
    func `who has joined and not said hello goes with the invite, whatever the clock says`(_ isSetBack: Bool) throws {
        let hub = try hub()
        let invite = try invite(hub, "laptop", valid: 3_600)
        let token = try hub.join(invite).token
        if isSetBack { clock.move(by: -86_400) }
        clock.pass(3_601)
        hub.core.clockMoved()
        #expect(hub.core.inspect { $0.gate.invites.isEmpty && $0.clients.isEmpty })
        #expect(hub.keys.keys.isEmpty)
        #expect(hub.keys.waitForEnd(of: try PublicKey(line: HubFixture.key(of: "laptop"))))
        #expect(throws: ErrorMessage.self) { _ = try hello(hub, token) }
        clock.move(by: -86_400)
        #expect(throws: ErrorMessage.self) { _ = try hub.join(invite) }
        #expect(try hub.journal().unusedInvites().isEmpty)
        #expect(try hub.get("/v1/clients", as: [ClientMessage].self).isEmpty)
    }

    @Test func `an invite that the calendar has ended does not come back with a clock that is set back`() throws {
        let hub = try hub()
        let invite = try invite(hub, "laptop", valid: 60)
        clock.move(by: 61)
        hub.core.clockMoved()
        #expect(hub.core.inspect { $0.gate.invites.isEmpty })
        clock.move(by: -3_600)
        hub.core.clockMoved()
        #expect(throws: ErrorMessage.self) { _ = try hub.join(invite) }
        #expect(hub.core.inspect { $0.gate.invites.isEmpty })
    }

    @Test func `who has joined and not said hello goes with an invite that is withdrawn`() throws {
        let hub = try hub()
        let invite = try invite(hub, "laptop")
        let token = try hub.join(invite).token
        _ = try hub.post("/v1/revoke", ClientRequest(client: "laptop"), as: ClientsTouchedResponse.self)
        #expect(hub.keys.keys.isEmpty && hub.keys.endings == 1)
        #expect(throws: ErrorMessage.self) { _ = try hello(hub, token) }
        #expect(throws: ErrorMessage.self) { _ = try hub.join(invite) }
    }

    @Test func `one key belongs to one name`() throws {
        let hub = try hub()
        _ = try hub.join("laptop")
        let key = HubFixture.key(of: "laptop")
        let phone = InviteRequest(client: "phone", sftpOnly: true, key: key)
        let refused = #expect(throws: ErrorMessage.self) {
            _ = try hub.post("/v1/invite", phone, as: InviteResponse.self)
        }
        #expect(refused?.code == .clientExists && refused?.message.contains("belongs to 'laptop' already") == true)
        let second = try invite(hub, "desk")
        #expect(throws: ErrorMessage.self) { _ = try hub.join(second, key: key) }
        // Once nobody has it, it is free.
        _ = try hub.post("/v1/revoke", ClientRequest(client: "laptop"), as: ClientsTouchedResponse.self)
        _ = try hub.post("/v1/invite", phone, as: InviteResponse.self)
        #expect(hub.keys.access(of: "phone") == [.sftp])
    }
}
