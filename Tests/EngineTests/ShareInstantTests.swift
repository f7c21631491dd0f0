import SyncCore
import Testing

@testable import Simulator

/// What somebody does in the share in the very instant in which the hub changes the same name.
struct ShareInstantTests {
    private let simulation = try! Simulation(.chaos, agents: 2)  // SAFETY: in memory; a test's own fixture.
    private var here: SimulatedAgent { simulation.agents[0] }
    private var there: SimulatedAgent { simulation.agents[1] }
    private var hub: SimulatedHub { simulation.hub }
    private var phone: PhoneHands { PhoneHands(simulation) }

    private func agree(_ body: (Machine) throws -> Void) throws {
        try body(Machine(here))
        try simulation.quiesce()
    }

    /// Sends what `body` does here, while somebody acts at `path`: before the hub looks at it (0), between the look and the
    /// step (1), after the step (2).
    private func send(
        _ body: (Machine) throws -> Void, meanwhileAt path: String, _ acts: @escaping (Int) throws -> Void
    ) throws {
        try body(Machine(here))
        var count = 0
        hub.disk.interloper = { at in
            guard let at, "\(at)" == path else { return }
            defer { count += 1 }
            do { try acts(count) } catch { Issue.record("\(error)") }
        }
        try simulation.pass(here)
        hub.disk.interloper = nil
        #expect(count > 0, "nobody came to \(path)")
        try simulation.quiesce(comparing: false)
        #expect(here.tree.things() == hub.share.things())
        #expect(there.tree.things() == hub.share.things())
        #expect(try hub.things() == hub.share.things())
    }

    /// The contents of all files in the share, sorted.
    private var texts: [String] {
        hub.share.things().compactMap { thing in
            thing.content.file.flatMap { hub.contents.bytes(of: $0.digest) }.map { String(decoding: $0, as: UTF8.self) }
        }.sorted()
    }

    private var versions: [String] {
        hub.versions.compactMap { hub.contents.bytes(of: $0) }.map { String(decoding: $0, as: UTF8.self) }.sorted()
    }

    @Test(arguments: [true, false])
    func `a placement that waits for somebody who writes reads nothing at each try`(isGone: Bool) throws {
        try agree { try $0.write("f", "old") }
        let inode = try #require(hub.share.inode(at: RelativePath([Name("f")])))
        simulation.phone.destroy(inode)
        inode.isOpen = true
        // As long as what is there, and as what comes.
        inode.bytes = Array("ha".utf8) + Array("l".utf8)
        inode.mtime = hub.share.clock.tick()
        inode.ctime = inode.mtime
        if isGone { try Machine(here).delete("f") } else { try Machine(here).write("f", "new") }
        let before = hub.disk.reads
        try simulation.pass(here)
        for _ in 0..<3 { try hub.placer.retry() }
        #expect(hub.disk.reads == before && hub.placer.hasToRetry)
        inode.isOpen = false
        try simulation.quiesce(comparing: false)
        #expect(texts == (isGone ? ["hal"] : ["hal", "new"]))
    }

    @Test func `what is written into a file while it is moved is seen, and put away under its own name later`() throws {
        try agree { try $0.write("f", "old") }
        try send({ try $0.move("f", "g") }, meanwhileAt: "f") { if $0 == 0 { try phone.write("f", "phone's") } }
        #expect(texts == ["phone's"])
        try Machine(there).write("g", "later")
        try simulation.quiesce(comparing: false)
        #expect(texts == ["later"] && versions == ["phone's"])
    }

    @Test func `what is written before a swap and after it keeps its names`() throws {
        try agree { try $0.write("f", "old") }
        try send({ try $0.write("f", "mine") }, meanwhileAt: "f") {
            if $0 == 1 { try phone.write("f", "first") }
            if $0 == 2 { try phone.write("f", "second") }
        }
        #expect(texts == ["first", "second"])
        #expect(hub.share.things().map { "\($0.path)" } == ["f", "f (conflict D share)"])
    }

    @Test func `what was edited before a removal and is made anew after it keeps its names`() throws {
        try agree { try $0.write("f", "old") }
        try send({ try $0.delete("f") }, meanwhileAt: "f") {
            if $0 == 1 { try phone.write("f", "first") }
            if $0 == 2 { try phone.write("f", "second") }
        }
        #expect(texts == ["first", "second"])
    }

    @Test func `what was edited before a removal, and whose directory went with it, keeps a name`() throws {
        try agree {
            try $0.makeDirectory("d")
            try $0.write("d/f", "old")
        }
        try send({ try $0.delete("d/f") }, meanwhileAt: "d/f") {
            if $0 == 1 { try phone.write("d/f", "first") }
            if $0 == 2 { try phone.delete("d") }
        }
        #expect(texts == ["first"])
    }

    @Test(arguments: [true, false])
    func `what was edited in the instant of a step after which the hub dies keeps a name`(isSwap: Bool) throws {
        try agree { try $0.write("f", "old") }
        try send({ try isSwap ? $0.write("f", "mine") : $0.delete("f") }, meanwhileAt: "f") {
            guard $0 == 1 else { return }
            try phone.write("f", "phone's")
            hub.disk.fuse = 0
        }
        #expect(texts == (isSwap ? ["mine", "phone's"] : ["phone's"]))
    }

    @Test func `what a swap displaced and the journal knows goes to versions, also after the hub died`() throws {
        try agree { try $0.write("f", "old") }
        try send({ try $0.write("f", "mine") }, meanwhileAt: "f") { if $0 == 1 { hub.disk.fuse = 0 } }
        #expect(texts == ["mine"] && versions == ["old"])
    }

    @Test func `an edit in a directory that a file replaces comes back with the directory, also after the hub died`()
        throws
    {
        try agree {
            try $0.makeDirectory("d")
            try $0.write("d/f", "old")
        }
        try Machine(here).delete("d")
        try Machine(here).write("d", "mine")
        try phone.write("d/f", "phone's")
        // Between the transaction and its placements.
        hub.stepFuse = 1
        try simulation.pass(here)
        #expect(hub.starts == 2)
        try simulation.quiesce(comparing: false)
        #expect(texts == ["mine", "phone's"])
        #expect(try hub.things() == hub.share.things())
    }

    @Test func `an upload that meets a touch and an edit of others is one conflict with the edit`() throws {
        try agree { try $0.write("f", "old") }
        let file = try #require(hub.share.inode(at: RelativePath(bytes: Array("f".utf8))))
        file.isOpen = true
        try phone.write("f", "phon")
        try Machine(here).chmod("f", 0o600)
        try simulation.pass(here)
        try Machine(here).write("f", "mine")
        try simulation.pass(here)
        try phone.write("f", "phone's")
        file.isOpen = false
        try simulation.quiesce(comparing: false)
        #expect(texts == ["mine", "phone's"])
        #expect(try hub.journal.openConflicts().count == 1)
    }

    @Test func `what is still being written in a directory that has to make way is taken in when it is whole`() throws {
        try agree { try $0.write("f", "old") }
        try phone.makeDirectory("g")
        try phone.write("g/piece", "pie")
        try phone.write("g/whole", "whole")
        let file = try #require(hub.share.inode(at: RelativePath(bytes: Array("g/piece".utf8))))
        file.isOpen = true
        try Machine(here).move("f", "g")
        try simulation.pass(here)
        #expect(try !hub.journal.history(after: .zero, limit: 100).contains { "\($0.node.name)" == "piece" })
        try phone.write("g (conflict D share)/piece", "the piece")
        file.isOpen = false
        try simulation.quiesce()
        #expect(texts == ["old", "the piece", "whole"])
    }
}

/// Somebody's hands on the share; what they destroy is their own affair.
struct PhoneHands {
    let simulation: Simulation
    private var machine: Machine { Machine(simulation.hub.share) }

    init(_ simulation: Simulation) { self.simulation = simulation }

    func write(_ path: String, _ text: String) throws {
        try destroy(path)
        try machine.write(path, text)
    }

    func makeDirectory(_ path: String) throws { try machine.makeDirectory(path) }

    func delete(_ path: String) throws {
        try destroy(path)
        try machine.delete(path)
    }

    private func destroy(_ path: String) throws {
        let path = try RelativePath(bytes: Array(path.utf8))
        if let inode = simulation.hub.share.inode(at: path) { simulation.phone.destroy(inode) }
    }
}
