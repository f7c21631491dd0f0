import ControlAPI
import Glibc
import Journal
import SyncCore
import TestSupport
import Testing

@testable import Hub

struct CommitTests {
    private func status(_ path: String) -> stat {
        var status = stat()
        #expect(lstat(path, &status) == 0)
        return status
    }

    @Test func `a committed file lies in the share with its bytes, mode and time`() throws {
        let hub = try HubFixture()
        let laptop = try hub.join("laptop")
        let outcome = try laptop.create("a.txt", "hello")
        #expect(outcome.applied?.content == .file(content("hello")))
        #expect(hub.directory.text("share/a.txt") == "hello")
        let status = status(hub.directory.path("share/a.txt"))
        #expect(status.st_mode & 0o777 == 0o644)
        #expect(status.st_mtim.tv_sec == 1_700_000_000 && status.st_mtim.tv_nsec == 123_456_789)
    }

    @Test func `the pack of an answered commit goes, and one that something still needs stays`() throws {
        let hub = try HubFixture()
        let laptop = try hub.join("laptop")
        _ = try laptop.create("a", "hello")
        // The answer comes before the removal; a later request of the same thread comes after it.
        _ = try hub.get("/v1/status", as: StatusResponse.self)
        #expect(hub.directory.names(in: "staging/laptop").isEmpty)
        let pack = laptop.stage("hello")
        _ = try laptop.commit(
            laptop.operation(
                .create(in: .node(.root), name: try Name("b"), content: .file(content("other"))),
                .staged(file: pack, offset: 0)))
        _ = try hub.get("/v1/status", as: StatusResponse.self)
        #expect(hub.directory.names(in: "staging/laptop") == [pack])
        #expect(hub.directory.names(in: ".synchub/incoming").isEmpty)
    }

    @Test func `a repeated commit gets the same outcome once, though its bytes are gone`() throws {
        let hub = try HubFixture()
        let laptop = try hub.join("laptop")
        let creation = try laptop.creation("a", "hello")
        let first = try laptop.commit(creation)
        let again = try laptop.commit(creation)
        #expect(first == again)
        #expect(try hub.get("/v1/status", as: StatusResponse.self).hub.files == 1)
    }

    @Test func `every kind of change is seen in the share`() throws {
        let hub = try HubFixture()
        let laptop = try hub.join("laptop")
        let create = laptop.operation(.create(in: .node(.root), name: try Name("d"), content: .directory(Mode(0o750))))
        let inside = laptop.operation(
            .create(
                in: .created(by: OperationID(generation: "laptop-1", number: create.number)), name: try Name("link"),
                content: .symlink(target: Array("nowhere".utf8), mtime: 5)))
        let outcomes = try laptop.commit(create, inside)
        let (directory, link) = (try #require(outcomes[0].applied), try #require(outcomes[1].applied))
        #expect(status(hub.directory.path("share/d")).st_mode & 0o777 == 0o750)
        #expect(status(hub.directory.path("share/d/link")).st_mode & S_IFMT == S_IFLNK)

        _ = try laptop.commit(
            laptop.operation(.edit(link.id, base: .first, content: .symlink(target: Array("else".utf8), mtime: 6))),
            laptop.operation(.move(directory.id, base: .first, to: .node(.root), name: try Name("e"))),
            laptop.operation(.edit(directory.id, base: .first, content: .directory(Mode(0o700)))))
        #expect(hub.shareNames() == ["e"])
        #expect(status(hub.directory.path("share/e")).st_mode & 0o777 == 0o700)
        var target = [CChar](repeating: 0, count: 64)
        #expect(readlink(hub.directory.path("share/e/link"), &target, 64) == 4)

        let gone = try laptop.commit(
            laptop.operation(.delete(link.id, contentBase: Version(2), locationBase: .first)),
            laptop.operation(.delete(directory.id, contentBase: Version(2), locationBase: Version(2))))
        #expect(gone.allSatisfy { $0.applied != nil })
        #expect(hub.shareNames().isEmpty)
    }

    @Test func `what is displaced and what is deleted lies in versions`() throws {
        let hub = try HubFixture()
        let laptop = try hub.join("laptop")
        let node = try #require(try laptop.create("a", "one").applied)
        let second = try #require(try laptop.edit(node, "two").applied)
        #expect(hub.directory.text("share/a") == "two")
        _ = try laptop.commit(
            laptop.operation(.delete(node.id, contentBase: second.contentVersion, locationBase: second.locationVersion))
        )
        #expect(hub.shareNames().isEmpty)
        for text in ["one", "two"] {
            let hex = content(text).digest.hex
            #expect(hub.directory.text("versions/\(hex.prefix(2))/\(hex)") == text)
        }
        // And it comes back from there without being sent.
        let back = try laptop.commit(
            laptop.operation(.create(in: .node(.root), name: try Name("b"), content: .file(content("one"))), .known))
        #expect(back[0].applied != nil)
        #expect(hub.directory.text("share/b") == "one")
    }

    @Test func `attributes alone need no bytes`() throws {
        let hub = try HubFixture()
        let laptop = try hub.join("laptop")
        let node = try #require(try laptop.create("a", "one").applied)
        let outcome = try laptop.commit(
            laptop.operation(.edit(node.id, base: .first, content: .file(content("one", mode: 0o600, mtime: 7)))))
        #expect(outcome[0].applied != nil)
        #expect(status(hub.directory.path("share/a")).st_mode & 0o777 == 0o600)
    }

    @Test func `a large staged file is taken over as it is, unless somebody still writes to it`() throws {
        var settings = HubCoreSettings()
        settings.adoptedFrom = 4
        let hub = try HubFixture(settings: settings)
        let laptop = try hub.join("laptop")
        func commit(_ file: String, _ name: String) throws -> Outcome {
            try laptop.commit(
                laptop.operation(
                    .create(in: .node(.root), name: try Name(name), content: .file(content("large"))),
                    .staged(file: file, offset: 0)))[0]
        }
        let first = laptop.stage("large")
        let inode = status(hub.directory.path("staging/laptop/\(first)")).st_ino
        #expect(try commit(first, "a").applied != nil)
        #expect(status(hub.directory.path("share/a")).st_ino == inode)

        let second = laptop.stage("large")
        let writer = open(hub.directory.path("staging/laptop/\(second)"), O_WRONLY)
        defer { close(writer) }
        #expect(try commit(second, "b").applied != nil)
        #expect(write(writer, "EVIL!", 5) == 5)
        #expect(hub.directory.text("share/b") == "large")
        // One that nobody may read or write belongs to its client as well.
        let closed = laptop.stage("large")
        #expect(chmod(hub.directory.path("staging/laptop/\(closed)"), 0o444) == 0)
        #expect(try commit(closed, "closed").applied != nil)
        // A lie does not cost the upload: it may be resumed.
        let third = laptop.stage("lrage")
        #expect(try commit(third, "c") == .contentMissing)
        #expect(hub.directory.text("staging/laptop/\(third)") == "lrage")
    }

    @Test func `edit meets edit: the first has the name, the other lives beside it`() throws {
        let hub = try HubFixture()
        let laptop = try hub.join("laptop")
        let desk = try hub.join("desk")
        let node = try #require(try laptop.create("a.txt", "one").applied)
        _ = try laptop.edit(node, "laptop's")
        guard case .conflict(let current, let copy) = try desk.edit(node, "desk's") else {
            return #expect(Bool(false), "no conflict")
        }
        #expect(current.id == node.id)
        #expect(hub.directory.text("share/a.txt") == "laptop's")
        #expect(hub.directory.text("share/\(copy.name)") == "desk's")
        let conflicts = try hub.get("/v1/conflicts", as: [ConflictMessage].self)
        #expect(conflicts.map(\.path) == ["a.txt"])
        #expect(conflicts.map(\.copy) == ["\(copy.name)"])
        #expect(conflicts.map(\.client) == ["desk"])
    }

    // MARK: - Others write to the share too

    @Test func `a phone's unseen edit is kept beside what displaces its name`() throws {
        let hub = try HubFixture()
        let laptop = try hub.join("laptop")
        let node = try #require(try laptop.create("a.txt", "one").applied)
        hub.directory.write("phone's", to: "share/a.txt")
        #expect(try laptop.edit(node, "two").applied != nil)
        #expect(hub.directory.text("share/a.txt") == "two")
        let names = hub.shareNames().filter { $0 != "a.txt" }
        #expect(names.count == 1)
        #expect(hub.directory.text("share/\(names[0])") == "phone's")
        let log = try hub.get("/v1/log", as: [LogMessage].self)
        #expect(log.last?.client == "share")
        #expect(log.last?.path == names[0])
        // It is a node like any other: the next edit of it knows what is there.
        let copy = try #require(
            try laptop.changes(since: 0).nodes.map { try $0.node() }.first { "\($0.name)" == names[0] })
        #expect(try laptop.edit(copy, "seen").applied != nil)
        #expect(hub.directory.text("share/\(names[0])") == "seen")
        #expect(hub.shareNames().count == 2)
    }

    @Test func `an unseen edit wins over a deletion, and keeps its directory`() throws {
        let hub = try HubFixture()
        let laptop = try hub.join("laptop")
        let directory = try #require(
            try laptop.commit(
                laptop.operation(.create(in: .node(.root), name: try Name("d"), content: .directory(Mode(0o755)))))[0]
                .applied)
        let node = try #require(try laptop.create("a", "one", in: directory.id).applied)
        hub.directory.write("phone's", to: "share/d/a")
        hub.directory.write("new", to: "share/d/new")
        let outcomes = try laptop.commit(
            laptop.operation(.delete(node.id, contentBase: .first, locationBase: .first)),
            laptop.operation(.delete(directory.id, contentBase: .first, locationBase: .first)))
        #expect(outcomes.allSatisfy { $0.applied != nil })
        #expect(hub.directory.text("share/d/a") == "phone's")
        #expect(hub.directory.text("share/d/new") == "new")
        let nodes = try laptop.changes(since: 0).nodes.filter { $0.deleted != true }
        #expect(nodes.map(\.name).sorted() == ["a", "d", "new"])
    }

    @Test(arguments: ["file", "directory"])
    func `what a phone put under a name that is wanted moves aside`(kind: String) throws {
        let hub = try HubFixture()
        let laptop = try hub.join("laptop")
        // Nobody has told the hub of it before.
        hub.core.inspect { $0.share?.stop() }
        if kind == "file" {
            hub.directory.write("phone's", to: "share/a")
        } else {
            hub.directory.makeDirectory("share/a")
            hub.directory.write("phone's", to: "share/a/inside")
        }
        #expect(try laptop.create("a", "mine").applied != nil)
        #expect(hub.directory.text("share/a") == "mine")
        let other = try #require(hub.shareNames().first { $0 != "a" })
        #expect(hub.directory.text("share/\(other)" + (kind == "file" ? "" : "/inside")) == "phone's")
        #expect(try hub.get("/v1/conflicts", as: [ConflictMessage].self).map(\.copy) == [other])
    }

    @Test func `the same bytes under a wanted name are no conflict`() throws {
        let hub = try HubFixture()
        let laptop = try hub.join("laptop")
        hub.directory.write("same", to: "share/a")
        #expect(try laptop.create("a", "same").applied != nil)
        #expect(hub.shareNames() == ["a"])
        #expect(status(hub.directory.path("share/a")).st_mtim.tv_nsec == 123_456_789)
    }

    @Test func `a move to a name that a phone took moves the phone's file aside`() throws {
        let hub = try HubFixture()
        let laptop = try hub.join("laptop")
        let node = try #require(try laptop.create("a", "mine").applied)
        hub.directory.write("phone's", to: "share/b")
        _ = try laptop.commit(laptop.operation(.move(node.id, base: .first, to: .node(.root), name: try Name("b"))))
        #expect(hub.directory.text("share/b") == "mine")
        let other = try #require(hub.shareNames().first { $0 != "b" })
        #expect(hub.directory.text("share/\(other)") == "phone's")
    }

    @Test func `while a phone writes to a file its replacement waits, and what hangs on that too`() throws {
        let hub = try HubFixture()
        let laptop = try hub.join("laptop")
        let node = try #require(try laptop.create("a", "one").applied)
        let writer = open(hub.directory.path("share/a"), O_WRONLY)
        let second = try #require(try laptop.edit(node, "two").applied)
        #expect(hub.directory.text("share/a") == "one")
        _ = try laptop.commit(laptop.operation(.move(second.id, base: .first, to: .node(.root), name: try Name("b"))))
        #expect(try laptop.create("c", "three").applied != nil)
        #expect(hub.shareNames() == ["a", "c"])
        #expect(write(writer, "ONE", 3) == 3)
        close(writer)
        // The next second's look finds it closed. Each turn of the loop is a request, not a nap.
        let deadline = HubClock.system.uptime() + .seconds(15)
        while hub.directory.text("share/b") != "two", HubClock.system.uptime() < deadline {
            _ = try hub.get("/v1/log?after=999&wait=0", as: [LogMessage].self)
        }
        #expect(hub.directory.text("share/b") == "two")
        // What the phone wrote is kept beside it.
        let others = hub.shareNames().filter { !["b", "c"].contains($0) }
        #expect(others.map { hub.directory.text("share/\($0)") } == ["ONE"])
        let nodes = try laptop.changes(since: 0).nodes.filter { $0.deleted != true }.map(\.name)
        #expect(nodes.sorted() == hub.shareNames())
    }

    @Test(.enabled(if: geteuid() == 0, "mounting wants root")) func `a full disk is said, and nothing is half visible`()
        throws
    {
        let mount = TemporaryDirectory()
        try #require(Glibc.mount("tmpfs", mount.path, "tmpfs", 0, "size=8m") == 0)
        defer { umount2(mount.path, Int32(MNT_DETACH)) }
        let hub = try HubFixture(below: mount.path)
        let laptop = try hub.join("laptop")
        let big = String(repeating: "x", count: 2_000_000)
        let creation = try laptop.creation("big", big)
        // Still written to, so that it has to be copied.
        let writer = open(
            hub.directory.path("staging/laptop/\(hub.directory.names(in: "staging/laptop")[0])"), O_WRONLY)
        defer { close(writer) }
        hub.directory.write(String(repeating: "y", count: 4_500_000), to: "ballast")
        let reply = hub.send(
            "POST", "/v1/commit", token: laptop.token, body: WireFormat.encode(laptop.request([creation])))
        #expect(reply.status == 507)
        #expect(try WireFormat.decode(ErrorMessage.self, from: reply.body).code == .noSpace)
        #expect(hub.shareNames().isEmpty)
        #expect(hub.directory.names(in: ".synchub/incoming").isEmpty)
        #expect(try laptop.changes(since: 0).head == 0)
        // What was staged no longer takes room from others; with room again, it is asked for again and goes through.
        #expect(hub.directory.names(in: "staging/laptop").isEmpty)
        #expect(unlink(hub.directory.path("ballast")) == 0)
        #expect(try laptop.commit(creation) == [.contentMissing])
        #expect(try laptop.commit(laptop.creation("big", big))[0].applied != nil)
    }
}
