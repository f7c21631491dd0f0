import Index
import SyncCore
import Testing

@testable import Engine
@testable import Simulator

/// Thousands of large files wait, and each of them takes seconds: what is asked between two of them costs the same however many
/// there are.
@Suite struct ManyLargeTests {
    private let large: Int64 = 8 << 20

    private func digest(_ number: Int) -> Digest {
        Digest(bytes: (0..<32).map { UInt8(truncatingIfNeeded: number >> (8 * min($0, 7))) })!
    }

    private func file(_ number: Int, _ size: Int64, mtime: Nanoseconds) -> FileContent {
        FileContent(digest: digest(number), size: size, mode: Mode(0o644), mtime: mtime)
    }

    private func statements(_ index: FolderIndex, _ body: () throws -> Void) rethrows -> Int {
        let before = index.statementsRun
        try body()
        return index.statementsRun - before
    }

    // MARK: - Down

    private func receiving(_ files: [FileContent]) throws -> SimulatedAgent {
        let agent = try Simulation(.chaos, agents: 1).agents[0]
        try agent.lookAll()
        let nodes = try files.enumerated().map { number, file in
            Node(
                id: NodeID(Int64(number) + 10), location: Location(parent: .root, name: try Name("f\(number)")),
                content: .file(file), contentVersion: Version(1), locationVersion: Version(1),
                seq: Sequence(Int64(number) + 1), isDeleted: false)
        }
        try agent.index.receive(nodes, through: Sequence(Int64(files.count)))
        return agent
    }

    private func many(_ count: Int) -> [FileContent] {
        (0..<count).map { file($0, large + Int64($0), mtime: Nanoseconds($0)) }
    }

    @Test func `what comes next is found without a look at all that waits`() throws {
        func cost(_ count: Int) throws -> (first: Int, small: Int) {
            let agent = try receiving(many(count))
            var found: [Fetch] = []
            let first = try statements(agent.index) {
                found = try agent.folder.largeFetches(limit: 1, sizes: large..<Int64.max)
            }
            #expect(found.map(\.file.digest) == [digest(count - 1)])
            let small = try statements(agent.index) { found = try agent.folder.fetches(limit: 8_192, sizes: 0..<large) }
            #expect(found.isEmpty)
            return (first, small)
        }
        let (few, more) = (try cost(500), try cost(2_000))
        #expect(few == more)
        #expect(few.small < 5)
    }

    @Test func `for what goes before another at most so many are looked at`() throws {
        let agent = try receiving(many(500))
        var asked = 0
        let none = try agent.folder.largeFetches(limit: 1, sizes: large..<Int64.max, looks: 32) { _ in
            asked += 1
            return false
        }
        #expect(none == [] && asked == 32)
        #expect(try agent.folder.largeFetches(limit: 600, sizes: large..<large + 100).count == 100)
    }

    @Test(arguments: [UInt64(1), 2]) func `the index has the order that is meant`(seed: UInt64) throws {
        var random = SplitMix(seed: seed)
        let files = (0..<200).map { number in
            let size = large << Int64.random(in: 0...20, using: &random)
            let more = Int64.random(in: -1...1, using: &random)
            return file(number, size + more, mtime: .random(in: 0...9, using: &random))
        }
        let agent = try receiving(files)
        let meant = files.enumerated().filter { $0.element.size >= large }.sorted {
            LargeOrder.precedes($0.element, Int64($0.offset), $1.element, Int64($1.offset))
        }
        let found = try agent.folder.largeFetches(limit: 1_000, sizes: large..<Int64.max)
        #expect(found.map(\.file) == meant.map(\.element))
        // Where the index does not help.
        let all = try agent.folder.largeFetches(limit: 1_000, sizes: 1..<Int64.max)
        #expect(all.suffix(found.count) == found && all.count == 200)
    }

    @Test func `bytes are to come as long as a node waits for them`() throws {
        let agent = try receiving([file(1, large, mtime: 1)])
        #expect(try agent.folder.isToCome(digest(1)))
        #expect(try !agent.folder.isToCome(digest(2)))
        try agent.index.markSettled(.node(NodeID(10)))
        #expect(try !agent.folder.isToCome(digest(1)))
    }

    // MARK: - Up

    private func sending(_ count: Int) throws -> SimulatedAgent {
        let agent = try Simulation(.chaos, agents: 1).agents[0]
        try agent.lookAll()
        agent.folder.ahead.from = large
        for number in 0..<count { _ = try insert(number, into: agent) }
        return agent
    }

    private func insert(
        _ number: Int, into agent: SimulatedAgent, size: Int64? = nil, isHashed: Bool = true,
        holding content: Int? = nil
    ) throws -> EntryID {
        let (inode, size) = (UInt64(1_000 + number), size ?? large + Int64(number))
        return try agent.index.insertLocal(
            parent: .root, name: Name("f\(number)"), kind: .file,
            stamp: Stamp(device: 1, inode: inode, size: size, mtime: Nanoseconds(number), ctime: 1), mode: Mode(0o644),
            digest: isHashed ? digest(content ?? number) : nil)
    }

    private func next(_ agent: SimulatedAgent) throws -> Travelling? {
        try agent.folder.firstTravelling { _, _ in true }
    }

    @Test func `a plan passes over what travels, and the next one to go is found without a look at all`() throws {
        func cost(_ count: Int) throws -> (plan: Int, first: Int) {
            let agent = try sending(count)
            #expect(try agent.folder.nextCommit() == nil)
            let plan = try statements(agent.index) { _ = try agent.folder.nextCommit() }
            var found: Travelling?
            let first = try statements(agent.index) { found = try next(agent) }
            #expect(found?.file.digest == digest(count - 1))
            #expect(try !agent.folder.hasNothingUnsettled() && !agent.folder.hasSomethingToSend())
            return (plan, first)
        }
        let (few, more) = (try cost(500), try cost(2_000))
        #expect(few == more)
    }

    @Test func `what has to be read first is not looked at with each commit, and comes back when it was read`() throws {
        func cost(_ count: Int) throws -> Int {
            let agent = try sending(0)
            let entries = try (0..<count).map { try insert($0, into: agent, isHashed: false) }
            #expect(try agent.folder.nextCommit() == nil)
            var commit: Commit?
            let cost = try statements(agent.index) { commit = try agent.folder.nextCommit() }
            #expect(commit == nil)
            #expect(try agent.folder.hasSomethingToSend() && !agent.folder.hasNothingUnsettled())
            var row = try #require(try agent.index.local(entries[count / 2]))
            (row.digest, row.stamp.size) = (digest(7), 5)
            try agent.index.update(row)
            #expect(try agent.folder.nextCommit()?.items.map(\.inflight.entry) == [row.entry])
            return cost
        }
        let (few, more) = (try cost(100), try cost(1_200))
        #expect(few == more && few < 20)
    }

    @Test func `what can be sent does not wait for a look at all that cannot`() throws {
        let agent = try sending(0)
        let ready = try insert(0, into: agent, size: 5)
        for number in 1..<300 { _ = try insert(number, into: agent, isHashed: false) }
        #expect(try agent.folder.nextCommit(operations: 10)?.items.map(\.inflight.entry) == [ready])
        #expect(try agent.index.speaking(limit: 1_000).count == 1)
        let other = try sending(0)
        for number in 0..<1_500 { _ = try insert(number, into: other, size: 5, isHashed: number == 0) }
        #expect(try other.folder.nextCommit(operations: 10)?.items.count == 1)
        // Those that were not looked at, and the one that is on its way.
        #expect(try other.index.speaking(limit: 2_000).count == 1_001)
    }

    @Test func `what the hub copies goes in portions, and one that is larger by itself`() throws {
        let agent = try sending(0)
        agent.folder.ahead = Ahead()
        for number in 0..<7 { _ = try insert(number, into: agent, size: 100, holding: 1) }
        func entriesOfNext(copied: Int64) throws -> Int? {
            try agent.folder.nextCommit(operations: 10, bytes: 1_000, copied: copied)?.items.count
        }
        // The first one is sent; then so many that there are enough bytes.
        #expect(try entriesOfNext(copied: 250) == 4)
        #expect(try entriesOfNext(copied: 200) == 3)
        #expect(try entriesOfNext(copied: 1) == 2)
        #expect(try entriesOfNext(copied: 10_000) == 7)
    }

    @Test func `what has arrived is told, and nothing else is looked at`() throws {
        let agent = try sending(300)
        #expect(try agent.folder.nextCommit() == nil)
        let file = try #require(try next(agent))
        agent.folder.arrived(file)
        var commit: Commit?
        let cost = try statements(agent.index) { commit = try agent.folder.nextCommit() }
        #expect(commit?.items.map(\.file?.digest) == [file.file.digest])
        #expect(cost < 100)
    }

    @Test func `what changes while it travels, or need not any more, is looked at again`() throws {
        let agent = try sending(0)
        let entries = try (0..<3).map { try insert($0, into: agent) }
        #expect(try agent.folder.nextCommit() == nil)
        // It is small now.
        var row = try #require(try agent.index.local(entries[0]))
        row.stamp.size = 5
        try agent.index.update(row)
        #expect(try agent.folder.nextCommit()?.items.map(\.inflight.entry) == [entries[0]])
        // It is gone, and nobody waits for it.
        try agent.index.removeLocal(entries[1])
        #expect(try !agent.folder.isTravelling(digest(1)))
        #expect(try next(agent)?.entry == entries[2])
    }

    @Test func `whoever begins anew looks at everything that travelled`() throws {
        let agent = try sending(3)
        #expect(try agent.folder.nextCommit() == nil)
        #expect(try agent.index.speaking(limit: 10).isEmpty)
        agent.folder.ahead = Ahead()
        #expect(try agent.folder.nextCommit() != nil)
        #expect(try agent.index.speaking(limit: 10).count == 3)
    }

    @Test func `who asks for the next one hears when there was one that does not travel any more`() throws {
        let agent = try sending(0)
        let entry = try insert(0, into: agent)
        #expect(try agent.folder.nextCommit() == nil)
        let before = agent.folder.ahead.dropped
        #expect(try next(agent) != nil && agent.folder.ahead.dropped == before)
        try agent.index.removeLocal(entry)
        #expect(try next(agent) == nil && agent.folder.ahead.dropped == before + 1)
    }
}
