import SyncCore
import Testing

@testable import Journal

/// What the hub remembers of how contents came, as long as there is room for it.
@Suite struct CacheTests {
    private let journal: Journal
    init() throws { journal = try Journal.inMemory() }

    private func digest(_ number: UInt8) -> Digest { Digest(bytes: [UInt8](repeating: number, count: 32))! }

    private func recipe(pieces: Int) throws -> Recipe {
        try Recipe(bases: [digest(99)], pieces: (0..<pieces).map { .copy(base: 0, offset: Int64($0), length: 1) })
    }

    private func sums() throws -> [Int64] {
        try journal.database.query(
            """
            SELECT IFNULL((SELECT bytes FROM cached WHERE cache = 'recipe'), 0),
                IFNULL((SELECT bytes FROM cached WHERE cache = 'chunk_list'), 0),
                (SELECT IFNULL(SUM(length(recipe)), 0) FROM recipe),
                (SELECT IFNULL(SUM(length(list)), 0) FROM chunk_list)
            """
        ) { row in try (0..<4).map { try row.int64($0) } }[0]
    }

    @Test func `the newest recipes stay, as many as there is room for, and their sum is right`() throws {
        let size = Int64(try recipe(pieces: 2).encoded.count)
        for number in UInt8(1)...5 { try journal.keep(recipe(pieces: 2), for: digest(number), most: 3 * size) }
        #expect(try (1...5).map { try journal.recipes(for: digest($0)).count } == [0, 0, 1, 1, 1])
        #expect(try sums() == [3 * size, 0, 3 * size, 0])
        // Another one in the place of an old one.
        try journal.keep(recipe(pieces: 1), for: digest(4), most: 3 * size)
        #expect(try journal.recipes(for: digest(4)) == [recipe(pieces: 1)])
        #expect(try sums()[0] == sums()[2])
        // What has no room at all.
        try journal.keep(recipe(pieces: 50), for: digest(6), most: 3 * size)
        #expect(try sums() == [0, 0, 0, 0])
    }

    @Test func `lists are counted in the same way, and one more costs the same however many there are`() throws {
        func cost(_ number: UInt8) throws -> Int {
            let before = journal.database.statementsRun
            try journal.keep(ChunkList(encoded: [1, 16], size: 0)!, of: digest(number), most: 1_000)
            return journal.database.statementsRun - before
        }
        let first = try cost(1)
        for number in UInt8(2)...60 { _ = try cost(number) }
        #expect(try cost(61) == first)
        #expect(try sums()[1] == sums()[3])
    }
}
