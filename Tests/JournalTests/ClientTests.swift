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
}
