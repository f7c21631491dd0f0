import ControlAPI
import Glibc
import Journal
import SyncCore
import TestSupport
import Testing

@testable import Hub

/// What a device replaces or takes away that it could not have seen.
struct ShareUnseenTests {
    private let share: ShareHub
    private let phone: ToldSession

    init() throws {
        share = try ShareHub(settle: Int(AuthorTable.patience) + 50)
        phone = try ToldSession(share)
        for name in ["old", "other"] { share.put(name, name) }
        try rest()
    }

    private func rest() throws {
        try share.settled()
        try eventually("the hub is at rest") { share.hub.core.inspect { $0.uploads.mark == nil } }
    }

    private func put(_ text: String, _ name: String) {
        phone.opens(name)
        share.put(text, name)
        phone.closes(name, written: text.utf8.count)
    }

    private func remove(_ name: String) {
        phone.removes(name)
        share.remove(name)
    }

    /// A laptop's `a.txt` goes from the bytes `two` to `one` and back to `two`, while the phone uploads another one beside it.
    private func placedAnew() throws {
        let laptop = try share.hub.join("laptop")
        let node = try #require(try laptop.create("a.txt", "two").applied)
        let one = try #require(try laptop.edit(node, "one").applied)
        try rest()
        put("the phone's", "a.part")
        _ = try laptop.edit(one, "two")
        #expect(share.text("a.txt") == "two")
    }

    @Test func `what was placed just before a device replaced it comes back, and the device's lies beside it`() throws {
        try placedAnew()
        phone.renames("a.part", "a.txt")
        share.move("a.part", "a.txt")
        try share.expectSame()
        #expect(share.text("a.txt") == "two")
        let copy = try #require(share.hub.shareNames().first { $0.hasSuffix(" phone).txt") })
        #expect(share.text(copy) == "the phone's")
        #expect(try share.hub.journal().openConflicts().map(\.client) == ["phone"])
        // From now on it is as any other.
        phone.looks("a.txt")
        put("the phone's, again", "a.txt")
        try share.expectSame()
        #expect(share.text("a.txt") == "the phone's, again")
        #expect(try share.story().last == "phone edit a.txt")
    }

    @Test func `a device that has looked at what was placed replaces it`() throws {
        try placedAnew()
        phone.looks("a.txt")
        phone.renames("a.part", "a.txt")
        share.move("a.part", "a.txt")
        try share.expectSame()
        #expect(share.text("a.txt") == "the phone's")
        #expect(try share.story().last == "phone edit a.txt" && share.hub.journal().openConflicts().isEmpty)
    }

    @Test func `who never looks makes one copy of what was placed once, and replaces it then`() throws {
        try placedAnew()
        phone.renames("a.part", "a.txt")
        share.move("a.part", "a.txt")
        try share.expectSame()
        #expect(share.text("a.txt") == "two")
        for text in ["again", "and again"] {
            put(text, "a.txt")
            try share.expectSame()
            #expect(share.text("a.txt") == text)
        }
        #expect(try share.hub.journal().openConflicts().count == 1)
    }

    @Test func `what was opened and not written may be replaced unseen later`() throws {
        try placedAnew()
        remove("a.part")
        phone.opens("a.txt", "WRITE")
        let file = open(share.at("a.txt"), O_WRONLY)
        #expect(file >= 0 && close(file) == 0)
        phone.closes("a.txt", written: 0)
        try eventually("it is as it was") { share.hub.core.inspect { !$0.uploads.hasUnseen } }
        try share.expectSame()
        remove("a.txt")
        try share.expectSame()
        #expect(share.text("a.txt") == "two")
    }

    @Test func `what was placed just before a device removes it comes back, with its directory`() throws {
        let laptop = try share.hub.join("laptop")
        let made = try laptop.commit(
            laptop.operation(.create(in: .node(.root), name: try Name("d"), content: .directory(Mode(0o755)))))
        let directory = try #require(made[0].applied)
        let first = try #require(try laptop.create("a", "two", in: directory.id).applied)
        let second = try #require(try laptop.edit(first, "one").applied)
        _ = try laptop.create("b", "b", in: directory.id)
        try rest()
        phone.looks("d/b")
        _ = try laptop.edit(second, "two")
        remove("d/a")
        remove("d/b")
        phone.say("rmdir name \"\(share.path)/d\"")
        share.removeDirectory("d")
        try eventually("it is back") { share.text("d/a") == "two" }
        try share.expectSame()
        #expect(share.hub.shareNames("d") == ["a"])
        #expect(try share.story().last == "phone delete d/b" && share.hub.journal().openConflicts().isEmpty)
        // What it has seen it may remove.
        phone.looks("d/a")
        remove("d/a")
        try share.expectSame()
        #expect(share.hub.shareNames("d").isEmpty)
    }

    @Test(arguments: [false, true])
    func `what a device does unseen is known when it renames the directory at once`(isRemoved: Bool) throws {
        let laptop = try share.hub.join("laptop")
        let made = try laptop.commit(
            laptop.operation(.create(in: .node(.root), name: try Name("d"), content: .directory(Mode(0o755)))))
        let directory = try #require(made[0].applied)
        let first = try #require(try laptop.create("a", "two", in: directory.id).applied)
        let second = try #require(try laptop.edit(first, "one").applied)
        try rest()
        _ = try laptop.edit(second, "two")
        if isRemoved { remove("d/a") } else { put("the phone's", "d/a") }
        phone.renames("d", "e")
        share.move("d", "e")
        try share.settled()
        try eventually("it is back") { share.text("e/a") == "two" }
        try share.expectSame()
        let copies = share.hub.shareNames("e").filter { $0 != "a" }
        #expect(copies.map { share.text("e/\($0)") } == (isRemoved ? [] : ["the phone's"]))
    }

    /// A laptop's `a` goes from `one` to `two`, of which the hub keeps no copy.
    private func placedOnly() throws -> (TestClient, Node) {
        let laptop = try share.hub.join("laptop")
        let node = try #require(try laptop.create("a", "one").applied)
        try rest()
        return (laptop, try #require(try laptop.edit(node, "two").applied))
    }

    private static let two = ContentKey(sha256: content("two").digest.hex, size: 3)

    private func isWanted(by laptop: TestClient, since: Int64 = 0) throws {
        try eventually("it is wanted") { try laptop.changes(since: since).wanted?.contains(Self.two) == true }
    }

    @Test func `what a device has removed unseen waits for a machine that has it`() throws {
        let (laptop, _) = try placedOnly()
        remove("a")
        try isWanted(by: laptop)
        #expect(try share.node("a")?.content.file?.digest == content("two").digest)
        _ = try share.hub.post(
            "/v1/offer", OfferRequest(content: Self.two, staged: laptop.stage("two")), token: laptop.token,
            as: EmptyResponse.self)
        try share.expectSame()
        #expect(share.text("a") == "two")
    }

    @Test(arguments: [false, true], [false, true])
    func `what waits for bytes gives way when its machine has gone on`(isRestarted: Bool, isDeleted: Bool) throws {
        let (laptop, node) = try placedOnly()
        put("new", "a")
        try isWanted(by: laptop)
        if isDeleted {
            _ = try laptop.commit(
                laptop.operation(
                    .delete(node.id, contentBase: node.contentVersion, locationBase: node.locationVersion)))
        } else {
            _ = try laptop.edit(node, "three")
        }
        if isRestarted { try share.hub.restart() }
        try share.expectSame()
        if isDeleted {
            #expect(share.text("a") == "new" && share.hub.shareNames().sorted() == ["a", "old", "other"])
        } else {
            #expect(share.text("a") == "three")
            let copy = try #require(share.hub.shareNames().first { $0.hasPrefix("a (") })
            #expect(share.text(copy) == "new")
        }
    }

    @Test func `what came back to a name that was emptied meanwhile is given up when nobody has it`() throws {
        let (laptop, _) = try placedOnly()
        put("new", "a")
        try isWanted(by: laptop)
        remove("a")
        _ = try share.hub.post("/v1/revoke", ClientRequest(client: laptop.name), as: ClientsTouchedResponse.self)
        try share.expectSame()
        #expect(share.hub.shareNames().sorted() == ["old", "other"])
    }

    @Test(arguments: [false, true])
    func `a machine of a part is asked for what lies in it`(isMoved: Bool) throws {
        let laptop = try share.hub.join("laptop")
        func part(_ name: String) throws -> TestClient {
            let change = Change.create(in: .node(.root), name: try Name(name), content: .directory(Mode(0o755)))
            _ = try laptop.commit(laptop.operation(change))
            let invite = try share.hub.post(
                "/v1/invite", InviteRequest(client: "of-\(name)", subtree: name), as: InviteResponse.self
            ).invite!
            let token = try share.hub.join(invite).token
            let hello = try share.hub.post(
                "/v1/hello", HelloRequest(version: "1", generation: "of-\(name)-1"), token: token,
                as: HelloResponse.self)
            share.hub.directory.makeDirectory("staging/of-\(name)")
            return TestClient(hub: share.hub, name: "of-\(name)", token: token, epoch: hello.epoch)
        }
        let (inside, outside) = (try part("d"), try part("e"))
        let node = try #require(try inside.create("a", "one").applied)
        try rest()
        _ = try inside.edit(node, "two")
        put("new", "d/a")
        try isWanted(by: inside)
        #expect(try outside.changes(since: 0).wanted?.isEmpty != false)
        let top = isMoved ? "f" : "d"
        if isMoved {
            let directory = try #require(try share.node("d"))
            let move = Change.move(
                directory.id, base: directory.locationVersion, to: .node(.root), name: try Name("f"))
            #expect(try laptop.commit(laptop.operation(move))[0].applied != nil)
            try isWanted(by: inside)
        }
        _ = try share.hub.post(
            "/v1/offer", OfferRequest(content: Self.two, staged: inside.stage("two")), token: inside.token,
            as: EmptyResponse.self)
        try share.expectSame()
        #expect(share.text("\(top)/a") == "two" && share.hub.shareNames(top).count == 2)
    }

    @Test func `what is behind fifty contents that nobody gives is asked for too, and taken`() throws {
        let laptop = try share.hub.join("laptop")
        let names = (10...70).map { "f\($0)" }
        _ = try share.hub.post(
            "/v1/commit", laptop.request(names.map { try laptop.creation($0, "the bytes of \($0)") }),
            token: laptop.token, as: CommitResponse.self)
        try rest()
        for name in names { remove(name) }
        var known = try laptop.changes(since: 0)
        var asked = Set(known.wanted ?? [])
        while asked.count < names.count {
            let path = laptop.changesPath(since: known.head, wait: 50, barrier: known.barrier)
            let mark = try #require(known.wantedMark)
            let answer = share.hub.later(
                "GET", path + "&wanted=\(mark)", token: laptop.token, as: ChangesResponse.self)
            known = try #require(answer.value(), "\(asked.count) were asked for").get()
            asked.formUnion(known.wanted ?? [])
        }
        for name in names.reversed() {
            let text = "the bytes of \(name)"
            let key = ContentKey(sha256: content(text).digest.hex, size: Int64(text.utf8.count))
            _ = try share.hub.post(
                "/v1/offer", OfferRequest(content: key, staged: laptop.stage(text)), token: laptop.token,
                as: EmptyResponse.self)
        }
        try share.expectSame()
        #expect(share.hub.shareNames().count == names.count + 2)
    }

    @Test func `a machine that waits for news is asked at once`() throws {
        let (laptop, _) = try placedOnly()
        try rest()
        let known = try laptop.changes(since: 0)
        let path = laptop.changesPath(since: known.head, wait: 50, barrier: known.barrier)
        let answer = share.hub.later(
            "GET", path + "&wanted=\(try #require(known.wantedMark))", token: laptop.token, as: ChangesResponse.self)
        put("new", "a")
        #expect(try answer.value()?.get().wanted == [Self.two])
    }

    @Test func `a machine that made the bytes is waited for also when another has changed their mode since`() throws {
        let (laptop, node) = try placedOnly()
        let desktop = try share.hub.join("desktop")
        _ = try desktop.commit(
            desktop.operation(
                .edit(node.id, base: node.contentVersion, content: .file(content("two", mode: 0o600))), .known))
        #expect(try share.node("a")?.content.file?.mode == Mode(0o600))
        try leave(desktop)
        try expectWaiting(for: laptop)
    }

    @Test func `a machine is waited for that has taken the bytes in while something older waits there`() throws {
        let (laptop, node) = try placedOnly()
        let desktop = try share.hub.join("desktop")
        _ = try desktop.changes(since: node.seq.rawValue)
        let old = PendingMessage(path: "old", direction: .down, bytes: 3, reason: "no room")
        try desktop.report(cursor: 0, barrier: 0, pending: [old])
        try leave(laptop)
        try expectWaiting(for: desktop, since: node.seq.rawValue)
    }

    @Test func `a machine is not waited for that says that the bytes have not come to it`() throws {
        let (laptop, node) = try placedOnly()
        let desktop = try share.hub.join("desktop")
        _ = try desktop.changes(since: node.seq.rawValue)
        let here = PendingMessage(path: "a", direction: .down, bytes: 3, reason: "no room")
        try desktop.report(cursor: 0, barrier: 0, pending: [here])
        try leave(laptop)
        put("new", "a")
        try share.expectSame()
        #expect(share.text("a") == "new" && share.hub.shareNames().sorted() == ["a", "old", "other"])
    }

    private func leave(_ client: TestClient) throws {
        _ = try share.hub.post("/v1/revoke", ClientRequest(client: client.name), as: ClientsTouchedResponse.self)
    }

    /// The phone writes over `two`, which comes back from a machine.
    private func expectWaiting(for machine: TestClient, since: Int64 = 0) throws {
        put("new", "a")
        try isWanted(by: machine, since: since)
        _ = try share.hub.post(
            "/v1/offer", OfferRequest(content: Self.two, staged: machine.stage("two")), token: machine.token,
            as: EmptyResponse.self)
        try share.expectSame()
        #expect(share.text("a") == "two")
    }

    @Test(arguments: [false, true])
    func `what nobody can have any more makes way for a directory, and for nothing`(isDirectory: Bool) throws {
        let (laptop, _) = try placedOnly()
        remove("a")
        if isDirectory {
            phone.makesDirectory("a")
            share.makeDirectory("a")
            put("x", "a/x")
        }
        try isWanted(by: laptop)
        _ = try share.hub.post("/v1/revoke", ClientRequest(client: laptop.name), as: ClientsTouchedResponse.self)
        try share.expectSame()
        #expect(share.hub.shareNames().sorted() == (isDirectory ? ["a", "old", "other"] : ["old", "other"]))
        #expect(share.text("a/x") == (isDirectory ? "x" : nil))
    }

    @Test(arguments: [false, true])
    func `what nobody can have any more does not come back`(isLostLater: Bool) throws {
        let (laptop, _) = try placedOnly()
        func leave() throws {
            _ = try share.hub.post(
                "/v1/revoke", ClientRequest(client: laptop.name), as: ClientsTouchedResponse.self)
        }
        if !isLostLater { try leave() }
        put("the phone's", "a")
        if isLostLater {
            try isWanted(by: laptop)
            try leave()
        }
        try share.expectSame()
        #expect(share.text("a") == "the phone's")
        #expect(try share.story().last == "phone edit a" && share.hub.journal().openConflicts().isEmpty)
    }

    @Test
    func `where the hub has no copy of what was replaced unseen it waits for a machine that has one, and both stay`()
        throws
    {
        let laptop = try share.hub.join("laptop")
        let node = try #require(try laptop.create("a", "one").applied)
        try rest()
        _ = try laptop.edit(node, "two")
        put("the phone's", "a")
        let key = ContentKey(sha256: content("two").digest.hex, size: 3)
        try eventually("it is wanted") { try laptop.changes(since: 0).wanted?.contains(key) == true }
        #expect(share.text("a") == "the phone's" && share.hub.shareNames().sorted() == ["a", "old", "other"])
        #expect(try share.node("a")?.content.file?.digest == content("two").digest)
        _ = try share.hub.post(
            "/v1/offer", OfferRequest(content: key, staged: laptop.stage("two")), token: laptop.token,
            as: EmptyResponse.self)
        try share.expectSame()
        #expect(share.text("a") == "two")
        let copy = try #require(share.hub.shareNames().first { $0.hasSuffix(" phone)") })
        #expect(share.text(copy) == "the phone's")
    }
}
