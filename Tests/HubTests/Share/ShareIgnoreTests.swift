import ControlAPI
import Glibc
import Journal
import SyncCore
import TestSupport
import Testing

@testable import Hub

/// The ignore rules hold for what is found in the share.
struct ShareIgnoreTests {
    @Test func `what a phone writes under an ignored name is not taken in, nor waited for`() throws {
        let share = try ShareHub()
        share.put("*.log\ncache/\n", ".syncignore")
        try share.settled()
        share.put("1", "a.log")
        share.makeDirectory("cache/deep")
        share.makeDirectory("d")
        share.put("2", "cache/deep/b")
        share.put("3", "d/c.log")
        share.put("4", "d/c")
        try share.settled()
        #expect(try share.story().sorted() == ["share create .syncignore", "share create d", "share create d/c"])
        #expect(try share.hub.get("/v1/unsynced", as: [UnsyncedMessage].self).isEmpty)
        #expect(share.text("a.log") == "1" && share.text("cache/deep/b") == "2")
    }

    @Test(arguments: [true, false])
    func `a part of an upload is taken in under its right name only`(isLinked: Bool) throws {
        let share = try ShareHub()
        share.put("one", "x.part")
        try share.settled()
        #expect(try share.story().isEmpty)
        if isLinked { share.relink("x.part", "x") } else { share.move("x.part", "x") }
        try share.expectSame()
        #expect(try share.story() == ["share create x"])
    }

    @Test func `a nested list takes in again what the one above ignores`() throws {
        let share = try ShareHub { root in
            root.directory.makeDirectory("share/d/e")
            root.directory.write("*.log\n", to: "share/.syncignore")
            root.directory.write("!keep.log\n", to: "share/d/.syncignore")
            for name in ["keep.log", "d/keep.log", "d/other.log", "d/e/keep.log"] {
                root.directory.write(name, to: "share/\(name)")
            }
        }
        try share.settled()
        for name in ["d/keep.log", "d/e/keep.log"] { #expect(try share.node(name) != nil, "\(name)") }
        for name in ["keep.log", "d/other.log"] { #expect(try share.node(name) == nil, "\(name)") }
    }

    @Test func `what the journal knows stays as it is as long as a rule ignores it`() throws {
        let share = try ShareHub()
        share.makeDirectory("d")
        for name in ["edited.log", "deleted.log", "moved.log", "d/deep.log", "d/other"] { share.put("one", name) }
        try share.settled()
        share.put("*.log\n", ".syncignore")
        try share.settled()
        let count = try share.log().count
        share.put("another", "edited.log")
        share.remove("deleted.log")
        share.move("moved.log", "new")
        for name in ["d/deep.log", "d/other"] { share.remove(name) }
        share.removeDirectory("d")
        try share.settled()
        #expect(try Set(share.story().dropFirst(count)) == ["share create new", "share delete d/other"])
        for name in ["edited.log", "deleted.log", "moved.log", "d/deep.log"] {
            #expect(try share.node(name)?.content.file?.digest == content("one").digest, "\(name)")
        }
        share.remove(".syncignore")
        try share.expectSame()
        #expect(try share.node("edited.log")?.content.file?.digest == content("another").digest)
        for name in ["deleted.log", "moved.log", "d"] { #expect(try share.node(name) == nil, "\(name)") }
    }

    @Test func `a list that changes takes effect on all below it`() throws {
        let share = try ShareHub()
        share.makeDirectory("d/cache")
        share.makeDirectory("d/e/cache")
        share.put("cache/\n", "d/.syncignore")
        share.put("1", "d/cache/a")
        share.put("2", "d/e/cache/b")
        try share.settled()
        #expect(try share.node("d/cache") == nil && share.node("d/e/cache") == nil)
        share.put("/cache/\n", "d/.syncignore")
        try share.settled()
        #expect(try share.node("d/cache") == nil && share.node("d/e/cache/b") != nil)
        // Another place, other rules.
        share.move("d/cache", "shown")
        try share.settled()
        #expect(try share.node("shown/a") != nil)
        share.put("3", "d/e/cache/c")
        share.remove("d/.syncignore")
        try share.expectSame()
    }

    @Test func `the list of an agent holds for the share too`() throws {
        let share = try ShareHub()
        let laptop = try share.hub.join("laptop")
        _ = try laptop.create(".syncignore", "*.log\n")
        try share.settled()
        share.put("1", "a.log")
        share.put("2", "a")
        try share.settled()
        #expect(try share.node("a.log") == nil)
        _ = try laptop.create("b.log", "an agent's rules may differ")
        #expect(try share.node("b.log") != nil)
        #expect(share.text("b.log") == "an agent's rules may differ")
    }

    @Test func `a list that could not be read for a while takes effect when it can be, though nothing happens to it`()
        throws
    {
        let share = try ShareHub()
        share.makeDirectory("d")
        for (name, text) in [("d/.syncignore", "*.log\n"), ("d/gone", "1"), ("a", "1")] { share.put(text, name) }
        try share.settled()
        var lease: ReadingBarred?
        try share.hub.restart {
            share.put("1", "d/new")
            share.put("1", "d/new.log")
            share.remove("d/gone")
            share.put("2", "a")
            lease = try ReadingBarred(share.at("d/.syncignore"))
        }
        try share.settled()
        // It was looked at more than once.
        #expect(try share.node("d/new") == nil && share.node("d/gone") != nil)
        #expect(try share.node("a")?.content.file?.digest == content("2").digest)
        let unsynced = try share.hub.get("/v1/unsynced", as: [UnsyncedMessage].self)
        #expect(unsynced.contains { $0.path == "d/.syncignore" && $0.reason.hasPrefix("it cannot be read") })
        lease?.end()
        try eventually("it is taken in") { try share.node("d/new") != nil && share.node("d/gone") == nil }
        try share.settled()
        #expect(try share.node("d/new.log") == nil)
        try eventually("nothing is told any more") {
            try share.hub.get("/v1/unsynced", as: [UnsyncedMessage].self).isEmpty
        }
    }

    @Test func `why names the rule`() throws {
        let share = try ShareHub()
        share.makeDirectory("photos")
        share.put("one", "photos/known.log")
        try share.settled()
        share.put("# noise\n\n*.log\n", "photos/.syncignore")
        share.put("two", "photos/a.log")
        try share.settled()
        let rule = "ignored by rule '*.log' (photos/.syncignore line 3)"
        let unknown = try share.hub.post("/v1/why", PathRequest(path: "photos/a.log"), as: WhyResponse.self)
        #expect(!unknown.synced)
        #expect(unknown.sentence == "photos/a.log is not at the hub: \(rule)")
        let known = try share.hub.post("/v1/why", PathRequest(path: "photos/known.log"), as: WhyResponse.self)
        #expect(known.sentence.hasSuffix("; changes of it in the share are \(rule)"))
        let builtIn = try share.hub.post("/v1/why", PathRequest(path: "x/y.part"), as: WhyResponse.self)
        #expect(builtIn.sentence == "x/y.part is not at the hub: ignored by rule '*.part' (built-in)")
    }
}

/// A lease on a file: as long as it is held, nobody can open it who does not wait.
private final class ReadingBarred {
    private var file: Int32

    init(_ path: String) throws {
        file = open(path, O_RDONLY | O_CLOEXEC)
        try #require(file >= 0)
        let (setSignal, setLease) = (10 as Int32, 1024 as Int32)  // F_SETSIG, F_SETLEASE
        // The kernel tells of each attempt by a signal: one that nobody has to hear.
        try #require(fcntl(file, setSignal, SIGURG) == 0 && fcntl(file, setLease, F_WRLCK) == 0)
    }

    func end() {
        if file >= 0 { close(file) }
        file = -1
    }

    deinit { end() }
}
