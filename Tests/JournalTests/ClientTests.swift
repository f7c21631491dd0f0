import Journal
import SyncCore
import TestSupport
import Testing

@Suite("Clients and invites")
struct ClientTests {
    let journal: Journal
    private let secret = [UInt8](repeating: 1, count: 32)
    private let token = [UInt8](repeating: 2, count: 32)

    init() throws { journal = try Journal.inMemory() }

    private func invite(_ name: String = "ann", expires: Int64 = 100) throws {
        try journal.createInvite(
            InviteRecord(client: name, secretHash: secret, publicKey: "k1", role: .admin, expires: expires))
    }

    private func join(at: Int64 = 1) throws -> ClientRecord? {
        try journal.join(secretHash: secret, tokenHash: token, publicKey: "k2", at: at)
    }

    @Test func `an invite is good until its client says hello`() throws {
        try invite()
        #expect(try journal.openInvites(at: 99).map(\.client) == ["ann"])
        let joined = try #require(try join())
        #expect(joined.role == .admin && joined.kind == .agent && joined.publicKey == "k2")
        #expect(try join() != nil)  // An interrupted join runs again.
        try journal.hello("ann", generation: "g1", at: 5)
        #expect(try join() == nil)
        #expect(try journal.openInvites(at: 5).isEmpty)
        #expect(try journal.client(tokenHash: token)?.lastSeen == 5)
    }

    @Test func `an invite ends with its last second, and a wrong secret is none`() throws {
        try invite(expires: 100)
        #expect(try journal.openInvite(secretHash: secret, at: 99) != nil)
        #expect(try journal.openInvite(secretHash: secret, at: 100) == nil)
        #expect(try join(at: 100) == nil)
        #expect(try journal.join(secretHash: token, tokenHash: token, publicKey: "k", at: 1) == nil)
        #expect(try journal.clients().isEmpty)
    }

    @Test func `a live client's name cannot be given again, a revoked one's can`() throws {
        try journal.addClient("phone", kind: .sftp, publicKey: "k", at: 1)
        #expect(throws: JournalError.clientExists("phone")) { try invite("phone") }
        #expect(throws: JournalError.clientExists("phone")) {
            try journal.addClient("phone", kind: .sftp, publicKey: "k", at: 1)
        }
        try journal.revoke("phone", at: 7)
        #expect(try journal.client(named: "phone")?.revokedAt == 7)
        try invite("phone")
        #expect(try join(at: 8)?.revokedAt == nil)
    }

    @Test func `a client that is added makes an invite in its name void`() throws {
        try invite("phone")
        try journal.addClient("phone", kind: .sftp, publicKey: "k", at: 1)
        #expect(try join() == nil)
        #expect(try journal.client(named: "phone")?.kind == .sftp)
    }

    @Test func `a revoked token finds nobody`() throws {
        try invite()
        _ = try join()
        try journal.revoke("ann", at: 3)
        try journal.revoke("ann", at: 4)
        #expect(try journal.client(tokenHash: token) == nil)
        #expect(try journal.clients().map(\.revokedAt) == [3])
        #expect(try join() == nil)
    }

    @Test func `cursors only go forward, within an epoch and an index generation`() throws {
        try invite()
        _ = try join()
        let desk = Desk(journal)
        _ = try desk.run(.file("a", "0"), .file("b", "0"), .file("c", "0"))
        try journal.hello("ann", generation: "g1", at: 1)
        func advance(_ cursor: Int64, epoch: String? = nil, generation: String = "g1") throws -> Int64? {
            try journal.advance("ann", to: Sequence(cursor), epoch: epoch ?? journal.epoch, generation: generation)
            return try journal.client(named: "ann")?.cursor.rawValue
        }
        #expect(try advance(2) == 2)
        #expect(try advance(1) == 2)
        #expect(try advance(3, epoch: "another") == 2)
        #expect(try advance(3, generation: "g0") == 2)
        #expect(throws: JournalError.cursorFromTheFuture(Sequence(4), head: Sequence(3))) { try advance(4) }
        #expect(try advance(3) == 3)
        try journal.hello("ann", generation: "g1", at: 2)
        #expect(try journal.client(named: "ann")?.cursor == Sequence(3))
        try journal.hello("ann", generation: "g2", at: 2)
        #expect(try journal.client(named: "ann")?.cursor == .zero)
    }

    @Test func `a pause lasts until it ends or is ended`() throws {
        try journal.addClient("phone", kind: .sftp, publicKey: "k", at: 1)
        func isPaused(at now: Int64) throws -> Bool? { try journal.client(named: "phone")?.isPaused(at: now) }
        #expect(try isPaused(at: 1) == false)
        try journal.pause("phone", until: 10, at: 1)
        #expect(try isPaused(at: 9) == true)
        #expect(try isPaused(at: 10) == false)
        try journal.pause("phone", at: 5)
        #expect(try isPaused(at: .max) == true)
        try journal.resume("phone")
        #expect(try isPaused(at: 1) == false)
    }

    @Test func `reports and sightings are kept, and nobody is an error`() throws {
        try journal.addClient("phone", kind: .sftp, publicKey: "k", at: 1)
        try journal.keepReport([1, 2], of: "phone")
        try journal.touch("phone", at: 9)
        let client = try #require(try journal.client(named: "phone"))
        #expect(client.report == [1, 2] && client.lastSeen == 9)
        let nobody = JournalError.noSuchClient("nobody")
        #expect(throws: nobody) { try journal.touch("nobody", at: 1) }
        #expect(throws: nobody) { try journal.pause("nobody", at: 1) }
        #expect(throws: nobody) { try journal.revoke("nobody", at: 1) }
        #expect(throws: nobody) { try journal.hello("nobody", generation: "g", at: 1) }
        #expect(throws: nobody) { try journal.advance("nobody", to: .zero, epoch: journal.epoch, generation: "g") }
    }

    @Test func `one key belongs to one live client, or to one open invite`() throws {
        try invite()
        #expect(throws: JournalError.keyInUse(by: "ann")) {
            try journal.addClient("phone", kind: .sftp, publicKey: "k1", at: 1)
        }
        #expect(throws: JournalError.keyInUse(by: "ann")) {
            try journal.join(secretHash: secret, tokenHash: token, publicKey: "k1", at: 1)
        }
        _ = try join()
        #expect(throws: JournalError.keyInUse(by: "ann")) {
            try journal.addClient("phone", kind: .sftp, publicKey: "k2", at: 1)
        }
        #expect(try join() != nil)
        try journal.hello("ann", generation: "g", at: 1)
        try journal.addClient("phone", kind: .sftp, publicKey: "k1", at: 1)
        try journal.revoke("ann", at: 2)
        try journal.addClient("tablet", kind: .sftp, publicKey: "k2", at: 3)
    }

    @Test func `an invite ends by the calendar or by the time that hubs run, with who has joined and not said hello`()
        throws
    {
        func record(_ name: String, _ byte: UInt8) -> InviteRecord {
            InviteRecord(
                client: name, secretHash: [UInt8](repeating: byte, count: 32), publicKey: "k\(name)", role: .member,
                expires: 1_000, moment: 50, life: 100)
        }
        for (name, byte) in [("ann", 3), ("bea", 4), ("cem", 5)] as [(String, UInt8)] {
            try journal.createInvite(record(name, byte))
        }
        for (name, byte) in [("ann", 3), ("bea", 4)] as [(String, UInt8)] {
            let hash = [UInt8](repeating: byte, count: 32)
            #expect(
                try journal.join(secretHash: hash, tokenHash: hash, publicKey: "own \(name)", at: 1, moment: 60) != nil)
        }
        try journal.hello("bea", generation: "g", at: 2)
        #expect(try journal.credentials().map(\.name) == ["bea"])
        #expect(try journal.endInvites(at: 999, moment: 149).isEmpty)
        #expect(try journal.openInvites(at: 999, moment: 149).map(\.client) == ["ann", "cem"])
        // The calendar was set back.
        #expect(try journal.openInvites(at: 1, moment: 150).isEmpty)
        #expect(try journal.endInvites(at: 1, moment: 150) == ["ann", "cem"])
        #expect(try journal.clients().map(\.name) == ["bea"])
        #expect(try journal.openInvites(at: 1, moment: 0).isEmpty)
    }

    @Test func `who gets a revoked one's name has none of its answers, and waits for what is held of it`() throws {
        let guarded = try GuardFixture()
        let journal = guarded.journal
        #expect(try journal.highestNumber(generation: "a1", client: "bea") > 0)
        try journal.revoke("bea", at: 2)
        try journal.addClient("bea", kind: .agent, publicKey: "another", at: 3)
        #expect(try journal.highestNumber(generation: "a1", client: "bea") == 0)
        #expect(try journal.recordedOutcome(of: OperationID(generation: "a1", number: 1), client: "bea") == nil)
        let directory = try #require(try journal.node(at: path("d")))
        _ = try journal.commit(
            client: "ann",
            operations: try journal.children(of: directory.id).map { guarded.ann.operation(.delete($0)) },
            staged: [:], at: 1_000,
            date: "2026-11-21", guardedBy: MassChangeGuard(percent: 10, least: 1, window: 600), moment: 0)
        let batch = try #require(try journal.heldBatches().first?.id)
        try journal.revoke("ann", at: 4)
        let held = JournalError.stillHeld("ann", batch: batch)
        #expect(throws: held) { try journal.addClient("ann", kind: .sftp, publicKey: "third", at: 5) }
        _ = try journal.reject(batch, at: 6, date: "2026-11-21")
        try journal.addClient("ann", kind: .sftp, publicKey: "third", at: 7)
    }
}
