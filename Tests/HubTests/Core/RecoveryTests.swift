import ControlAPI
import FileTree
import Glibc
import Journal
import SyncCore
import TestSupport
import Testing

@testable import Hub

/// A hub that was killed: the journal has decided, the share does not show it (all of it) yet.
struct RecoveryTests {
    private let generation = "old"

    /// Commits to the journal without placing anything.
    private func decide(_ root: HubFixture.Root, _ changes: [(Change, String?)]) throws -> CommitResult {
        let journal = try Journal(path: root.layout.journal)
        let store = try Store(root.layout)
        var staged: [OperationID: StagedContent] = [:]
        var operations: [Operation] = []
        let before = try journal.history(after: .zero, limit: 1000).count
        for (index, (change, text)) in changes.enumerated() {
            let id = OperationID(generation: generation, number: Int64(before * 100 + index + 1))
            operations.append(Operation(id: id, change: change))
            guard let text, let file = change.content?.file else { continue }
            let item = try store.incoming.newFile()
            try item.append(Array(text.utf8))
            staged[id] = StagedContent(
                name: "\(try item.finish(mode: file.mode, mtime: file.mtime, expecting: file.digest, sync: true).name)")
        }
        return try journal.commit(client: "laptop", operations: operations, staged: staged, at: 1, date: "2026-11-21")
    }

    private func create(_ name: String, _ text: String) -> (Change, String?) {
        (.create(in: .node(.root), name: try! Name(name), content: .file(content(text))), text)
    }

    private func isFinished(_ hub: HubFixture) throws -> Bool {
        hub.core.stop()
        return try hub.journal().pendingPlacements().isEmpty && hub.directory.names(in: ".synchub/incoming").isEmpty
            && hub.directory.names(in: ".synchub/displaced").isEmpty
    }

    @Test(arguments: [
        Int64.max, HubDesk.highestBarrier + 1, -1,
    ])
    func `a report that should never have been kept does not keep a hub from starting`(barrier: Int64) throws {
        let hub = try HubFixture()
        let laptop = try hub.join("laptop")
        try hub.restart {
            let report = ReportRequest(
                epoch: laptop.epoch, cursor: 0, barrier: barrier, pending: [], upCount: .max, downCount: .max,
                bytes: .max)
            try hub.journal().keepReport(WireFormat.encode(report), of: "laptop")
        }
        for _ in 0..<2 {
            let answer = try hub.post(
                "/v1/wait", WaitRequest(path: nil, on: nil, timeout: 0), as: WaitResponse.self)
            #expect(answer.waiting.contains { $0.client == "laptop" })
        }
    }

    @Test func `what was decided before a crash is placed at start`() throws {
        let hub = try HubFixture { root in
            _ = try decide(
                root,
                [
                    create("a", "one"),
                    (.create(in: .node(.root), name: try Name("d"), content: .directory(Mode(0o755))), nil),
                ])
        }
        #expect(hub.directory.text("share/a") == "one")
        #expect(hub.shareNames() == ["a", "d"])
        #expect(try isFinished(hub))
    }

    @Test func `a start in the middle of an exchange puts the displaced bytes away`() throws {
        let hub = try HubFixture { root in
            let first = try decide(root, [create("a", "one")])
            // The first one is done completely …
            let store = try Store(root.layout)
            let item = try #require(try store.incoming.items().first)
            guard case .placed(let status) = try store.share.placeNew(item, at: RelativePath([Name("a")])) else {
                return
            }
            let node = try #require(first.outcomes[0].applied)
            try Journal(path: root.layout.journal).finish(
                first.placements.map(\.id), placed: [(node.id, Placed(status))])
            // … and of the second only the exchange.
            _ = try decide(root, [(.edit(node.id, base: .first, content: .file(content("two"))), "two")])
            let second = try #require(try store.incoming.items().first)
            _ = try store.share.exchange(second, with: RelativePath([Name("a")]), expecting: nil)
        }
        #expect(hub.directory.text("share/a") == "two")
        #expect(hub.shareNames() == ["a"])
        let hex = content("one").digest.hex
        #expect(hub.directory.text("versions/\(hex.prefix(2))/\(hex)") == "one")
        #expect(try isFinished(hub))
        #expect(try hub.journal().hasVersion(content("one").digest))
    }

    @Test func `a start finds moves and removals done, or does them`() throws {
        for isDone in [false, true] {
            let hub = try HubFixture { root in
                let first = try decide(root, [create("a", "one"), create("b", "two")])
                _ = try HubFixture.place(root)
                let nodes = first.outcomes.compactMap(\.applied)
                _ = try decide(
                    root,
                    [
                        (.move(nodes[0].id, base: .first, to: .node(.root), name: try Name("c")), nil),
                        (.delete(nodes[1].id, contentBase: .first, locationBase: .first), nil),
                        create("a", "three"),
                    ])
                guard isDone else { return }
                #expect(rename(root.directory.path("share/a"), root.directory.path("share/c")) == 0)
                let store = try Store(root.layout)
                let taken = try store.share.takeAway(RelativePath([Name("b")]), expecting: nil, into: store.displaced)
                guard case .taken = taken else { return #expect(Bool(false)) }
                let item = try #require(try store.incoming.items().first)
                _ = try store.share.placeNew(item, at: RelativePath([Name("a")]))
            }
            #expect(hub.shareNames() == ["a", "c"])
            #expect(hub.directory.text("share/a") == "three")
            #expect(hub.directory.text("share/c") == "one")
            let hex = content("two").digest.hex
            #expect(hub.directory.text("versions/\(hex.prefix(2))/\(hex)") == "two")
            #expect(try isFinished(hub))
        }
    }

    @Test func `a phone's file that came while the hub was down is kept`() throws {
        let hub = try HubFixture { root in
            _ = try decide(root, [create("a", "one")])
            root.directory.write("phone's", to: "share/a")
        }
        #expect(hub.directory.text("share/a") == "one")
        let other = try #require(hub.shareNames().first { $0 != "a" })
        #expect(hub.directory.text("share/\(other)") == "phone's")
        #expect(try isFinished(hub))
    }

    @Test func `verified bytes whose commit never happened are collected`() throws {
        let hub = try HubFixture { root in
            root.directory.makeDirectory(".synchub/incoming")
            root.directory.write("rubbish", to: ".synchub/incoming/0123456789abcdef")
            root.directory.makeDirectory("staging/laptop")
            root.directory.write("new", to: "staging/laptop/new")
        }
        #expect(hub.directory.names(in: ".synchub/incoming").isEmpty)
        #expect(hub.directory.names(in: "staging/laptop") == ["new"])
    }

    @Test func `an upload that nobody has gone on with for a day is collected at a start`() throws {
        let clock = MovedClock()
        let hub = try HubFixture(clock: clock.clock) { root in
            root.directory.makeDirectory("staging/laptop")
            root.directory.write("old", to: "staging/laptop/old")
        }
        clock.pass(25 * 3_600)
        #expect(hub.directory.names(in: "staging/laptop") == ["old"])
        try hub.restart(clock: clock.clock)
        #expect(hub.directory.names(in: "staging/laptop").isEmpty)
    }

    @Test func `what was answered is there after a restart, pauses and cursors too`() throws {
        let hub = try HubFixture()
        let laptop = try hub.join("laptop")
        _ = try laptop.create("a", "one")
        try laptop.report(cursor: 1, barrier: 0)
        _ = try hub.post("/v1/pause", ClientRequest(client: "laptop"), as: ClientsTouchedResponse.self)
        try hub.restart()
        let status = try hub.get("/v1/status", as: StatusResponse.self)
        #expect(status.hub.seq == 1)
        #expect(status.clients.map(\.state) == [.paused])
        #expect(status.clients.map(\.cursor) == [1])
        #expect(try hub.journal().pendingPlacements().isEmpty)
    }
}

extension HubFixture {
    /// Finishes what is decided, as a start does.
    static func place(_ root: Root) throws {
        let store = try Store(root.layout)
        let journal = try Journal(path: root.layout.journal)
        let placer = Placer(store: store, journal: journal, clock: .system, generation: "test")
        try Recovery(store: store, journal: journal, placer: placer).run()
    }
}
