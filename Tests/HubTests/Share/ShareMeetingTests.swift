import ControlAPI
import FileTree
import Glibc
import Journal
import SyncCore
import TestSupport
import Testing

@testable import Hub

/// A phone's change that meets an agent's commit: nothing is lost, and the share becomes what the journal says.
struct ShareMeetingTests {
    /// A hub with the file `a` by an agent. The share settles slowly, so that the agent is always first.
    private func meeting(settle: Int = 1000) throws -> (ShareHub, TestClient, Node) {
        let share = try ShareHub(settle: settle)
        let laptop = try share.hub.join("laptop")
        let node = try #require(try laptop.create("a.txt", "one").applied)
        return (share, laptop, node)
    }

    @Test func `an agent's edit over a phone's bytes that nobody has read yet keeps both`() throws {
        let (share, laptop, node) = try meeting()
        share.put("phone's", "a.txt")
        _ = try laptop.edit(node, "laptop's")
        try share.expectSame()
        #expect(share.text("a.txt") == "laptop's")
        let other = try #require(share.hub.shareNames().first { $0 != "a.txt" })
        #expect(share.text(other) == "phone's")
        #expect(other.contains("conflict") && other.contains("share"))
    }

    @Test func `an agent's edit that comes while a phone writes waits, and no piece is taken in`() throws {
        let (share, laptop, node) = try meeting(settle: 60)
        let file = open(share.at("a.txt"), O_WRONLY | O_TRUNC | O_CLOEXEC)
        #expect(write(file, "half", 4) == 4)
        _ = try laptop.edit(node, "laptop's")
        #expect(write(file, " and half", 9) == 9)
        close(file)
        try eventuallySame(share)
        #expect(share.text("a.txt") == "laptop's")
        let other = try #require(share.hub.shareNames().first { $0 != "a.txt" })
        #expect(share.text(other) == "half and half")
        #expect(try share.log().allSatisfy { $0.bytes != 4 })
    }

    @Test func `an agent's edit wins over a phone's deletion`() throws {
        let (share, laptop, node) = try meeting()
        share.remove("a.txt")
        _ = try laptop.edit(node, "edited")
        try share.expectSame()
        #expect(share.text("a.txt") == "edited")
        #expect(try share.node("a.txt")?.id == node.id)
    }

    @Test func `a phone's deletion of what an agent has moved meanwhile is seen`() throws {
        let (share, laptop, node) = try meeting()
        share.remove("a.txt")
        _ = try laptop.commit(laptop.operation(.move(node.id, base: .first, to: .node(.root), name: try Name("b.txt"))))
        try share.expectSame()
        #expect(share.hub.shareNames().isEmpty)
    }

    @Test func `a phone's edit of what an agent moves is an edit at the new place`() throws {
        let (share, laptop, node) = try meeting()
        share.put("phone's", "a.txt")
        _ = try laptop.commit(laptop.operation(.move(node.id, base: .first, to: .node(.root), name: try Name("b.txt"))))
        try share.expectSame()
        #expect(share.text("b.txt") == "phone's")
        #expect(try share.node("b.txt")?.id == node.id)
    }

    @Test func `a phone's edit wins over an agent's deletion`() throws {
        let (share, laptop, node) = try meeting()
        share.put("phone's", "a.txt")
        _ = try laptop.commit(laptop.operation(.delete(node.id, contentBase: .first, locationBase: .first)))
        try share.expectSame()
        #expect(share.text("a.txt") == "phone's")
    }

    @Test func `both create the same name`() throws {
        let (share, laptop, _) = try meeting()
        share.put("phone's", "new")
        _ = try laptop.create("new", "laptop's")
        try share.expectSame()
        #expect(Set(share.hub.shareNames().compactMap { share.text($0) }) == ["one", "phone's", "laptop's"])
    }

    @Test func `an agent creates in a directory that a phone renames at that moment`() throws {
        let (share, laptop, _) = try meeting(settle: 60)
        share.makeDirectory("d")
        share.put("inside", "d/old")
        try share.settled()
        let directory = try #require(try share.node("d"))
        // Nothing tells the hub of the rename before the commit is carried out.
        let incoming = try laptop.creation("new", "laptop's", in: directory.id)
        let answer = share.hub.later(
            "POST", "/v1/commit", token: laptop.token, body: WireFormat.encode(laptop.request([incoming])),
            as: CommitResponse.self)
        share.move("d", "e")
        _ = try #require(answer.value()).get()
        try share.expectSame()
        let texts = ["d", "e"].flatMap { name in share.hub.shareNames(name).compactMap { share.text("\(name)/\($0)") } }
        #expect(texts.sorted() == ["inside", "laptop's"])
    }

    @Test func `a directory that is renamed before the hub hears of it is made again for what an agent creates`() throws
    {
        let (share, _, _) = try meeting(settle: 60)
        share.makeDirectory("d")
        share.put("inside", "d/old")
        try share.settled()
        let directory = try #require(try share.node("d"))
        try share.hub.core.inspect { desk in
            share.move("d", "e")
            try place("new", "laptop's", in: directory.id, desk)
        }
        try share.expectSame()
        let texts = ["d", "e"].flatMap { name in share.hub.shareNames(name).compactMap { share.text("\(name)/\($0)") } }
        #expect(texts.sorted() == ["inside", "laptop's"])
    }

    @Test func `a directory that a phone removes stays for what an agent creates in it`() throws {
        let (share, _, _) = try meeting(settle: 60)
        share.makeDirectory("d")
        share.put("inside", "d/old")
        try share.settled()
        let directory = try #require(try share.node("d"))
        try share.hub.core.inspect { desk in
            share.remove("d/old")
            share.removeDirectory("d")
            try place("new", "laptop's", in: directory.id, desk)
        }
        try share.expectSame()
        #expect(share.hub.shareNames("d") == ["new"])
        #expect(try share.node("d")?.id == directory.id)
    }

    @Test func `a directory that a phone replaces by a file is made again for what an agent creates in it`() throws {
        let (share, _, _) = try meeting(settle: 60)
        share.makeDirectory("d")
        try share.settled()
        let directory = try #require(try share.node("d"))
        try share.hub.core.inspect { desk in
            share.removeDirectory("d")
            share.put("phone's", "d")
            try place("new", "laptop's", in: directory.id, desk)
        }
        try share.expectSame()
        #expect(share.text("d/new") == "laptop's")
        let other = try #require(share.hub.shareNames().first { $0.hasPrefix("d (conflict") })
        #expect(share.text(other) == "phone's")
    }

    @Test func `an upload into a directory that an agent deletes keeps it`() throws {
        let (share, laptop, _) = try meeting(settle: 60)
        share.makeDirectory("d")
        try share.settled()
        let directory = try #require(try share.node("d"))
        let file = open(share.at("d/new"), O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
        #expect(write(file, "half", 4) == 4)
        _ = try laptop.commit(laptop.operation(.delete(directory.id, contentBase: .first, locationBase: .first)))
        #expect(write(file, " and half", 9) == 9)
        close(file)
        try eventuallySame(share)
        #expect(share.text("d/new") == "half and half")
        #expect(try share.log().allSatisfy { $0.bytes != 4 })
    }

    /// A placement that has to wait is tried again once a second.
    private func eventuallySame(_ share: ShareHub) throws {
        let deadline = ContinuousClock.now + .seconds(20)
        while try !share.hub.journal().pendingPlacements().isEmpty, ContinuousClock.now < deadline { usleep(20_000) }
        try share.expectSame()
    }

    /// Commits a file of the laptop's and places it, at once.
    private func place(_ name: String, _ text: String, in directory: NodeID, _ desk: HubDesk) throws {
        let item = try desk.store.incoming.newFile()
        try item.append(Array(text.utf8))
        let file = content(text)
        let done = try item.finish(mode: file.mode, mtime: file.mtime, expecting: file.digest, sync: true)
        let id = OperationID(generation: "x", number: 1)
        let result = try desk.journal.commit(
            client: "laptop",
            operations: [
                Operation(id: id, change: .create(in: .node(directory), name: try Name(name), content: .file(file)))
            ],
            staged: [id: StagedContent(name: "\(done.name)")], at: 1, date: "2026-11-21")
        try desk.placer.run(result.placements)
        desk.settle()
    }
}
