import ControlAPI
import Journal
import SQLite
import SyncCore
import Testing

@testable import Hub

/// A journal that does not take what is to be written down, while the hub lives on: a COMMIT of SQLite fails.
struct RefusedCommitTests {
    /// Each COMMIT fails that has done something to a table, until it is allowed again.
    private struct Refusal {
        private let database: Database

        /// - Parameter event: as a trigger has it: `DELETE ON placement`.
        init(_ hub: HubFixture, _ event: String) throws {
            database = try Database(path: hub.layout.journal)
            // A foreign key that is looked at when the transaction ends.
            try database.run(
                """
                CREATE TABLE nobody (id INTEGER PRIMARY KEY) STRICT;
                CREATE TABLE refused (id INTEGER REFERENCES nobody DEFERRABLE INITIALLY DEFERRED) STRICT;
                CREATE TRIGGER refuse AFTER \(event) BEGIN INSERT INTO refused VALUES (1); END;
                """)
        }

        func end() throws { try database.run("DROP TRIGGER refuse; DROP TABLE refused; DROP TABLE nobody;") }
    }

    @Test func `what was placed is written down as soon as the journal takes it`() throws {
        let hub = try HubFixture()
        let laptop = try hub.join("laptop")
        let node = try #require(try laptop.create("a", "old").applied)
        hub.core.inspect { $0.flush() }
        let refusal = try Refusal(hub, "DELETE ON placement")
        #expect(try laptop.edit(node, "new").applied != nil)
        #expect(hub.directory.text("share/a") == "new")
        hub.core.inspect { $0.flush() }
        #expect(hub.core.inspect { $0.diskTrouble } != nil)
        #expect(try !hub.journal().pendingPlacements().isEmpty)
        #expect(hub.core.inspect { $0.placer.isDirty })
        try refusal.end()
        hub.core.inspect { $0.flush() }
        #expect(hub.core.inspect { $0.diskTrouble } == nil)
        #expect(try hub.journal().pendingPlacements().isEmpty)
        #expect(try hub.journal().placed(node.id) != nil)
        #expect(try hub.journal().whereabouts(of: content("old").digest).isInVersions)
    }

    @Test func `reports that cannot be written down keep nothing of the share from being so`() throws {
        let hub = try HubFixture()
        let laptop = try hub.join("laptop")
        hub.core.inspect { $0.flush() }
        let refusal = try Refusal(hub, "UPDATE ON client")
        _ = try laptop.create("a", "one")
        try laptop.report(cursor: 1, barrier: 0)
        hub.core.inspect { $0.flush() }
        #expect(hub.core.inspect { $0.diskTrouble } != nil)
        #expect(try hub.journal().pendingPlacements().isEmpty)
        #expect(try hub.journal().client(named: "laptop")?.cursor == .zero)
        try refusal.end()
        hub.core.inspect { $0.flush() }
        // What the client said is not forgotten.
        #expect(try hub.journal().client(named: "laptop")?.cursor == Sequence(1))
    }

    @Test func `a step that comes after one which cannot be written down waits, and is done later`() throws {
        let hub = try HubFixture()
        let laptop = try hub.join("laptop")
        let node = try #require(try laptop.create("a", "one").applied)
        hub.core.inspect { $0.flush() }
        let refusal = try Refusal(hub, "DELETE ON placement")
        // The move hides the creation: that has to be written down before it.
        let outcomes = try laptop.commit(
            laptop.creation("b", "two"),
            laptop.operation(.move(node.id, base: node.locationVersion, to: .node(.root), name: Name("c"))),
            laptop.creation("d", "three"))
        #expect(outcomes.count { $0.applied != nil } == 3)
        #expect(hub.shareNames() == ["a", "b"])
        #expect(hub.core.inspect { $0.placer.backlog.count } == 2)
        try refusal.end()
        try hub.core.inspect { desk in
            try desk.placer.retry()
            desk.flush()
        }
        #expect(hub.shareNames() == ["b", "c", "d"])
        #expect(try hub.journal().pendingPlacements().isEmpty)
    }
}
