import Engine
import Index
@testable import Simulator
import SyncCore
import Testing

/// What was read too soon after its change is read once more.
struct SecondLookTests {
    private let clock: Clock
    private let agent: SimulatedAgent
    private let path: RelativePath
    private let file: MemoryTree.Inode

    init() throws {
        clock = Clock(World())
        let contents = Contents()
        agent = try SimulatedAgent(
            0, hub: SimulatedHub(clock: clock, contents: contents), clock: clock, contents: contents)
        path = try RelativePath(bytes: Array("f".utf8))
        file = agent.tree.newInode(.file, mode: Mode(0o644))
        file.bytes = Array("whole".utf8)
        agent.tree.link(file, at: path)
    }

    private var row: LocalRow {
        get throws {
            let entry = try #require(try agent.index.entry(at: path))
            return try #require(try agent.index.local(entry))
        }
    }

    private var digest: Digest { agent.tree.contents.digest(of: file.bytes) }

    /// Reads it for the first time.
    private func read(during times: (Nanoseconds) -> ClosedRange<Nanoseconds>) throws {
        try agent.lookAll()
        let request = try #require(try agent.folder.hashRequests(limit: 1).first)
        let result = HashResult.hashed(digest, file.stamp, file.mode)
        #expect(try !agent.folder.absorb(result, for: request, during: times(file.stamp.ctime)))
    }

    private func requests() throws -> [HashRequest] {
        clock.now += 10_000_000_000
        return try agent.folder.racyRequests(at: clock.now)
    }

    @Test func `half of a change that no event has told yet is not taken for the file`() throws {
        try read { $0...$0 }
        let before = try row
        let request = try #require(try requests().first)
        // A program has emptied it, and is about to write it.
        file.bytes = []
        file.mtime = clock.tick()
        file.ctime = file.mtime
        let found = try agent.folder.absorbSecond(.hashed(digest, file.stamp, file.mode), for: request)
        #expect(found?.entry == before.entry)
        #expect(try row == before)
        #expect(try requests().isEmpty)
        // It is looked at when it is quiet, and then read like any change.
        file.bytes = Array("the whole of it".utf8)
        let fresh = try #require(found)
        try agent.folder.look(at: [(fresh.directory, fresh.name)])
        #expect(try agent.folder.hashRequests(limit: 1).first?.entry == before.entry)
    }

    @Test func `bytes that changed behind equal times are found`() throws {
        try read { $0...$0 }
        let request = try #require(try requests().first)
        file.bytes = Array("other".utf8)
        let fresh = try #require(
            try agent.folder.absorbSecond(.hashed(digest, file.stamp, file.mode), for: request))
        try agent.folder.look(at: [(fresh.directory, fresh.name)])
        #expect(try agent.folder.hashRequests(limit: 1).first?.entry == fresh.entry)
    }

    @Test func `the same bytes are believed from then on`() throws {
        try read { $0...$0 }
        let request = try #require(try requests().first)
        #expect(try agent.folder.absorbSecond(.hashed(digest, file.stamp, file.mode), for: request) == nil)
        #expect(try row.stamp == file.stamp)
        try agent.folder.lookAtEverything()
        try agent.lookAll()
        #expect(try agent.folder.hashRequests(limit: 1).isEmpty && requests().isEmpty)
    }

    private static let second: Nanoseconds = 1_000_000_000

    @Test(
        arguments: [
            // Read for long: what had been read may have changed in the time that looks the same.
            (0, second / 5, 10 * second, true),
            (0, 2 * second, 10 * second, false),
            (second / 3, second / 5, 10 * second, false),
            (second / 3, second / 500, 10 * second, true),
            // Read at once.
            (second / 3, second / 5, second / 4, true),
            (second / 3, 2 * second, 2 * second, false),
            (second / 3, -second, -second, true),
        ] as [(part: Nanoseconds, began: Nanoseconds, ended: Nanoseconds, isRacy: Bool)])
    func `whether it is read again goes by how its file system keeps time`(
        part: Nanoseconds, began: Nanoseconds, ended: Nanoseconds, isRacy: Bool
    ) throws {
        file.ctime = 1_700_000_000 * Self.second + part
        try read { $0 + began...$0 + ended }
        #expect(try requests().count == (isRacy ? 1 : 0))
    }
}
