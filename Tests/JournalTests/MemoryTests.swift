import SyncCore
import Testing

@testable import Journal
@testable import SQLite

@Suite struct MemoryTests {
    @Test func `a journal in the memory of another begins as a new one`() throws {
        let old = try Journal.inMemory()
        try old.addClient("ann", kind: .agent, publicKey: "ssh-ed25519 ann", at: 1)
        _ = try old.commit(
            client: "ann",
            operations: [
                Operation(
                    id: OperationID(generation: "a", number: 1),
                    change: .create(in: .node(.root), name: Name("d"), content: .directory(Mode(0o755))))
            ], staged: [:], at: 1, date: "D")
        let epoch = old.epoch
        let journal = try Journal.inMemory(insteadOf: old)
        #expect(try rows(of: journal) == rows(of: .inMemory()))
        #expect(journal.epoch != epoch)
    }

    /// How many each table has, and which numbers are given next.
    private func rows(of journal: Journal) throws -> [String] {
        let tables = try journal.database.query("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY 1") {
            try $0.text(0)
        }
        let counts = try tables.map { table in
            "\(table): \(try journal.database.first("SELECT count(*) FROM \"\(table)\"") { try $0.int(0) } ?? -1)"
        }
        let numbers = try journal.database.query("SELECT name, seq FROM sqlite_sequence ORDER BY name") {
            "\(try $0.text(0)) \(try $0.int(1))"
        }
        return counts + numbers
    }
}
