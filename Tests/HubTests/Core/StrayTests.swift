import FileTree
import Glibc
import Hashing
import Journal
import Processes
import SyncCore
import TestSupport
import Testing

@testable import Hub

/// What came out of the share and has no name there: it may be the only copy.
struct HubStrayTests {
    private let directory = TemporaryDirectory()
    private var root: HubFixture.Root { HubFixture.Root(directory: directory, layout: HubLayout(root: directory.path)) }

    init() throws {
        for name in ["share", "staging", "versions", ".synchub", ".synchub/incoming", ".synchub/displaced"] {
            directory.makeDirectory(name)
        }
        try ShareMarker.make(in: root.layout.share)
    }

    /// What a start finds, and a start.
    private struct Started {
        let store: Store
        let journal: Journal
        let placer: Hub.Placer
        private static let client = Monitor<Int64>(0)

        init(_ root: HubFixture.Root) throws {
            store = try Store(root.layout)
            journal = try Journal(path: root.layout.journal)
            placer = Placer(store: store, journal: journal, clock: .system, generation: "test")
        }

        func recover() throws {
            try Recovery(store: store, journal: journal, placer: placer).run()
        }

        /// A commit of a client, of which nothing is placed yet.
        func decide(_ change: Change, _ text: String? = nil) throws -> CommitResult {
            let number = Started.client.withLock { client in
                client += 1
                return client
            }
            let id = OperationID(generation: "laptop", number: number)
            var staged: [OperationID: StagedContent] = [:]
            if let text, let file = change.content?.file {
                let item = try store.incoming.newFile()
                try item.append(Array(text.utf8))
                let whole = try item.finish(mode: file.mode, mtime: file.mtime, expecting: file.digest, sync: false)
                staged[id] = StagedContent(name: "\(whole.name)")
            }
            return try journal.commit(
                client: "laptop", operations: [Operation(id: id, change: change)], staged: staged, at: 1,
                date: "2026-11-21")
        }

        func create(_ name: String, _ text: String) throws -> Node {
            let result = try decide(
                .create(in: .node(.root), name: try Name(name), content: .file(content(text))), text)
            try placer.run(result.placements)
            try placer.flush()
            return try #require(result.outcomes[0].applied)
        }
    }

    private var names: [String] { directory.names(in: "share").filter { !$0.hasPrefix(".synchub") } }
    private func version(_ text: String) -> String? {
        let hex = content(text).digest.hex
        return directory.text("versions/\(hex.prefix(2))/\(hex)")
    }

    @Test
    func `what its owner may not read, displaced when the hub died, gets a name or is a version, and the hub starts`()
        throws
    {
        let files = ["a": "closed", "b": "closed, and on record", "c": "root's"]
        do { _ = try Started(root).create("known", "closed, and on record") }
        for (name, text) in files {
            directory.write(text, to: ".synchub/displaced/" + name)
            chmod(directory.path(".synchub/displaced/" + name), 0)
        }
        // All but one is an ordinary user's, who runs the hub.
        let own = try Processes.run("/bin/chown", ["-R", "\(ordinaryUser):\(ordinaryUser)", directory.path])
        try #require(own.status.isSuccess)
        if geteuid() == 0 { chown(directory.path(".synchub/displaced/c"), 0, 0) }
        let (directory, root) = (directory, root)
        try asOrdinaryUser {
            #expect(open(directory.path(".synchub/displaced/a"), O_RDONLY | O_CLOEXEC) == -1)
            try HubFixture.place(root)
        }
        #expect(directory.names(in: ".synchub/displaced").isEmpty)
        #expect(version("closed, and on record") == "closed, and on record")
        let recovered = names.filter { $0.hasPrefix("recovered") }
        for name in recovered { chmod(directory.path("share/" + name), 0o600) }
        #expect(recovered.compactMap { directory.text("share/" + $0) }.sorted() == ["closed", "root's"])
    }

    @Test func `a phone's symlink that was displaced when the hub died gets a name, the journal's do not`() throws {
        let hub = try Started(root)
        let link = Change.create(
            in: .node(.root), name: try Name("link"), content: .symlink(target: Array("ours".utf8), mtime: 0))
        _ = try hub.decide(link)
        #expect(symlink("ours", directory.path(".synchub/displaced/1")) == 0)
        #expect(symlink("a phone's", directory.path(".synchub/displaced/2")) == 0)
        try hub.recover()
        #expect(names.count == 2)
        let other = try #require(names.first { $0 != "link" })
        #expect(other.hasPrefix("recovered (conflict "))
        #expect(try hub.store.readLink(RelativePath([Name(other)])) == Array("a phone's".utf8))
        #expect(try hub.store.readLink(RelativePath([Name("link")])) == Array("ours".utf8))
        #expect(directory.names(in: ".synchub/displaced").isEmpty)
    }

    @Test func `what came out for a content of versions is kept, though the hub died before it looked at it`() throws {
        do {
            let hub = try Started(root)
            let node = try hub.create("f", "one")
            try hub.placer.run(
                hub.decide(.edit(node.id, base: node.contentVersion, content: .file(content("two"))), "two").placements)
            try hub.placer.flush()
            // As a rejection places what the journal had before; a phone is in between.
            directory.write("a phone's", to: "share/f")
            let copy = try #require(try hub.store.copyOfVersion(content("one")))
            let path = RelativePath([try Name("f")])
            let there = try #require(try hub.store.status(of: path))
            _ = try hub.store.exchange(copy, with: path, expecting: there.fingerprint)
        }
        try Started(root).recover()
        #expect(directory.text("share/f") == "one")
        #expect(names.compactMap { directory.text("share/" + $0) }.contains("a phone's"))
    }

    /// Once, between a look at the file and the step, a phone saves it; and the disk refuses what puts that back.
    /// - Returns: what is refused from then on.
    private func interfere(_ hub: Started) throws -> Monitor<Set<DiskStep>> {
        let (steps, directory) = (Monitor<Set<DiskStep>>([.puttingBack, .placing]), directory)
        let act = Monitor(true)
        try hub.store.reopen(
            TreeRoot(
                path: root.layout.share,
                onInstant: { instant in
                    guard instant == .looked,
                        act.withLock({ isDue in
                            defer { isDue = false }; return isDue
                        })
                    else { return }
                    directory.write("a phone's", to: "theirs")
                    rename(directory.path("theirs"), directory.path("share/f"))
                }, failing: { step in steps.withLock { $0.contains(step) } ? EROFS : 0 }))
        return steps
    }

    @Test func `an edit that cannot be put back waits, and gets a name without a start`() throws {
        let hub = try Started(root)
        let node = try hub.create("f", "one")
        let steps = try interfere(hub)
        try hub.placer.run(
            hub.decide(.edit(node.id, base: node.contentVersion, content: .file(content("two"))), "two").placements)
        try hub.placer.flush()
        #expect(names == ["f"] && hub.placer.hasToRetry)
        try hub.placer.retry()
        #expect(names == ["f"] && hub.placer.hasToRetry)
        steps.withLock { $0 = [] }
        try hub.placer.retry()
        try hub.placer.flush()
        #expect(!hub.placer.hasToRetry)
        #expect(directory.text("share/f") == "two")
        let other = try #require(names.first { $0 != "f" })
        #expect(directory.text("share/\(other)") == "a phone's")
        #expect(try hub.journal.pendingPlacements().isEmpty)
    }

    @Test func `an edit whose removal cannot be undone waits, and gets a name without a start`() throws {
        let hub = try Started(root)
        let node = try hub.create("f", "one")
        let steps = try interfere(hub)
        try hub.placer.run(
            hub.decide(.delete(node.id, contentBase: node.contentVersion, locationBase: node.locationVersion))
                .placements)
        #expect(names.isEmpty && hub.placer.hasToRetry)
        steps.withLock { $0 = [] }
        try hub.placer.retry()
        #expect(names.compactMap { directory.text("share/" + $0) } == ["a phone's"])
        #expect(!hub.placer.hasToRetry)
    }

    @Test func `while the share is away, what a crash left waits, and gets its name when the share is back`() throws {
        directory.write("a phone's", to: ".synchub/displaced/1")
        let hub = try Started(root)
        hub.placer.isShareAway = true
        try hub.recover()
        #expect(names.isEmpty && directory.names(in: ".synchub/displaced") == ["1"])
        hub.placer.isShareAway = false
        try hub.placer.retry()
        #expect(names.compactMap { directory.text("share/" + $0) } == ["a phone's"])
    }

    // MARK: - Steps that are done twice

    /// A phone makes a file anew, with the same bytes, and the journal takes it in; of the removal before nothing was written down.
    @Test(arguments: [true, false])
    func `a removal that is done again leaves what was made there since`(isFile: Bool) throws {
        let hub = try Started(root)
        let content = isFile ? Content.file(content("one")) : .directory(Mode(0o755))
        let made = try hub.decide(
            .create(in: .node(.root), name: try Name("f"), content: content), isFile ? "one" : nil)
        try hub.placer.run(made.placements)
        try hub.placer.flush()
        let node = try #require(made.outcomes[0].applied)
        _ = try hub.decide(.delete(node.id, contentBase: node.contentVersion, locationBase: node.locationVersion))
        let path = RelativePath([try Name("f")])
        if isFile {
            guard case .taken(let item) = try hub.store.share.takeAway(path, expecting: nil, into: hub.store.displaced)
            else { return _ = Issue.record("not taken") }
            try hub.store.keepVersion(item, Digest(bytes: sha256(Array("one".utf8)))!)
            directory.write("one", to: "share/f")
        } else {
            #expect(rmdir(directory.path("share/f")) == 0)
            directory.makeDirectory("share/f")
        }
        let id = OperationID(generation: "share", number: 1)
        let again = try hub.journal.commit(
            client: "share",
            operations: [Operation(id: id, change: .create(in: .node(.root), name: try Name("f"), content: content))],
            acknowledged: 0, at: 1, date: "2026-11-21", origin: .share)
        #expect(again.outcomes[0].applied != nil)
        try Started(root).recover()
        #expect(names == ["f"])
        #expect(try hub.journal.pendingPlacements().isEmpty)
        if isFile { #expect(directory.text("share/f") == "one" && version("one") == "one") }
    }

    @Test func `a removal that is done again takes away what a later step of the same commit is to replace`() throws {
        let hub = try Started(root)
        let node = try hub.create("f", "one")
        _ = try hub.decide(.delete(node.id, contentBase: node.contentVersion, locationBase: node.locationVersion))
        _ = try hub.decide(.create(in: .node(.root), name: try Name("f"), content: .file(content("two"))), "two")
        try Started(root).recover()
        #expect(names == ["f"] && directory.text("share/f") == "two" && version("one") == "one")
    }

    @Test func `what was done is written down before a change of the share is`() throws {
        let hub = try Started(root)
        let node = try hub.create("f", "one")
        try hub.placer.run(
            hub.decide(.delete(node.id, contentBase: node.contentVersion, locationBase: node.locationVersion))
                .placements)
        #expect(try hub.journal.pendingPlacements().count == 1)
        directory.write("one", to: "share/f")
        _ = try hub.placer.commitShare { next in
            [
                Operation(
                    id: next(),
                    change: .create(in: .node(.root), name: try Name("f"), content: .file(content("one"))))
            ]
        }
        #expect(try hub.journal.pendingPlacements().isEmpty)
    }
}
