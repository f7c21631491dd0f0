import ControlAPI
import Dispatch
import Engine
import Hashing
import Index
import SyncCore
import Synchronization
import Testing
import Transport

@testable import Agent

struct BulkTests {
    @Test(
        arguments: [
            // Nothing is there.
            (100, 0, [], [0..<40, 40..<80, 80..<100]),
            // A block and a half is there, and right.
            (100, 60, [true, true], [60..<80, 80..<100]),
            // The half block is not what it should be.
            (100, 60, [true, false], [40..<80, 80..<100]),
            // One in the middle was never written: another connection was to do that.
            (100, 100, [true, false, true], [40..<80]),
            (100, 100, [true, true, true], []),
            (80, 40, [true], [40..<80]),
        ] as [(Int64, Int64, [Bool], [Range<Int64>])])
    func `what is missing is told block by block`(
        _ size: Int64, _ there: Int64, _ good: [Bool], _ missing: [Range<Int64>]
    ) {
        #expect(StagedBlocks.missing(of: size, block: 40, there: there, good: good) == missing)
    }

    @Test func `a block that is wrong is sent whole, also where the file has a hole`() {
        let far: Int64 = 100 << 20
        #expect(
            StagedBlocks.pieces(of: [40..<80, 80..<far], there: 80, data: [0..<40, far - 1..<far], block: far)
                == [40..<80, far - 1..<far])
    }

    private func file(_ entry: Int64, _ size: Int64, at mtime: Int64) -> Travelling {
        Travelling(
            entry: EntryID(entry), path: RelativePath([try! Name("f")]),  // SAFETY: a name.
            file: FileContent(digest: .empty, size: size, mode: Mode(0o644), mtime: mtime),
            stamp: Stamp(device: 0, inode: 0, size: size, mtime: mtime, ctime: 0, born: 0))
    }

    @Test func `small goes before large, and among equals what was changed last`() {
        let files = [
            file(1, 50 << 30, at: 9), file(2, 17 << 20, at: 1), file(3, 20 << 20, at: 5), file(4, 9 << 20, at: 2),
        ]
        let sorted = files.sorted { LargeOrder.precedes($0.file, $0.entry.rawValue, $1.file, $1.entry.rawValue) }
        #expect(sorted.map(\.entry.rawValue) == [3, 4, 2, 1])
    }

    @Test(arguments: [(10, 40, true), (11, 40, false)] as [(Int64, Int64, Bool)])
    func `only what is much smaller than what is left goes first`(_ size: Int64, _ left: Int64, _ overtakes: Bool) {
        #expect(BulkOrder.overtakes(size, left) == overtakes)
    }

    @Test(
        arguments: [
            // No holes.
            ([0..<100], [0..<100], [0..<40, 40..<80, 80..<100]),
            // Only what is wanted.
            ([40..<80], [0..<100], [40..<80]),
            // A hole that is too small to be worth it, and one that is not.
            ([0..<10 << 20], [0..<10, 20..<30, 5 << 20..<6 << 20], [0..<30, 5 << 20..<6 << 20]),
            ([0..<100], [], []),
        ] as [([Range<Int64>], [Range<Int64>], [Range<Int64>])])
    func `pieces are what is wanted and has data`(
        _ wanted: [Range<Int64>], _ data: [Range<Int64>], _ pieces: [Range<Int64>]
    ) {
        let most: Int64 = wanted[0].upperBound > 100 ? 1 << 30 : 40
        #expect(Ranges.pieces(of: wanted, data: data, most: most) == pieces)
    }

    private static let much: Int64 = 50 << 30

    @Test func `connections are doubled while it pays, and those that did not pay go again`() {
        var rule = ConnectionRule(most: 8)
        rule.windowEnded(rate: 100, left: BulkTests.much)
        #expect(rule.count == 2)
        rule.windowEnded(rate: 180, left: BulkTests.much)
        #expect(rule.count == 4)
        rule.windowEnded(rate: 190, left: BulkTests.much)
        #expect(rule.count == 2)
        rule.windowEnded(rate: 180, left: BulkTests.much)
        #expect(rule.count == 2)
    }

    @Test func `there are no more connections than are allowed, can be had, or are worth their login`() {
        var rule = ConnectionRule(most: 3)
        rule.windowEnded(rate: 100, left: 48 << 20)
        #expect(rule.count == 1)
        // It is all there before another one has logged in.
        rule.windowEnded(rate: 100e6, left: 190_000_000)
        #expect(rule.count == 1)
        for rate in [100.0, 200, 400, 800] { rule.windowEnded(rate: rate, left: BulkTests.much) }
        #expect(rule.count == 3)
        rule.limit(to: 1)
        #expect(rule.count == 1)
    }

    @Test(arguments: [1, 3, 4])
    func `pieces become smaller towards the end, and none is lost`(_ crew: Int) {
        let ranges = Ranges.pieces(of: [5..<300 << 20], data: [0..<1 << 30], most: 32 << 20)
        let pieces = Ranges.graded(ranges, crew: crew)
        #expect(pieces.first?.lowerBound == 5 && pieces.last?.upperBound == 300 << 20)
        #expect(zip(pieces, pieces.dropFirst()).allSatisfy { $0.upperBound == $1.lowerBound })
        let sizes = pieces.map { $0.upperBound - $0.lowerBound }
        #expect(sizes.first == 32 << 20 && sizes.allSatisfy { (4 << 20...32 << 20).contains($0) })
        #expect(sizes.suffix(crew).allSatisfy { $0 <= 12 << 20 })
    }

    @Test func `a crew carries everything, and tells what lies behind it`() throws {
        let ranges = Ranges.pieces(of: [0..<1_000], data: [0..<1_000], most: 10)
        let crew = RangeCrew(ranges) { _, next, moved in
            while let range = next() { _ = moved(Int(range.upperBound - range.lowerBound)) }
        }
        var low: Int64? = 0
        var rule = ConnectionRule(most: 3)
        #expect(
            try crew.run(&rule) { reached, _ in
                low = reached; return true
            } == [])
        #expect(low == nil)
        #expect(Ranges.ended([0..<5], at: 9) == [0..<5, 8..<9])
        #expect(Ranges.ended([0..<9], at: 9) == [0..<9])
    }

    @Test func `a crew stops where it is when there is something else to do, and its failure is told`() throws {
        struct Cut: Error {}
        let crew = RangeCrew([0..<10, 10..<20]) { _, next, moved in
            #expect(next() == 0..<10)
            _ = moved(4)
            throw Cut()
        }
        var low: Int64? = nil
        var rule = ConnectionRule(most: 1)
        #expect(throws: Cut.self) {
            try crew.run(&rule) { reached, _ in
                low = reached; return true
            }
        }
        #expect(low == 4)
    }

    @Test func `what is under way ends at once for something else, and its rest is left`() throws {
        struct Stopped: Error {}
        let end = Int64(1) << 60
        let crew = RangeCrew([0..<end]) { _, next, moved in
            #expect(next() == 0..<end)
            while moved(1) {}
            throw Stopped()
        }
        var rule = ConnectionRule(most: 1)
        var last = end
        let left = try crew.run(&rule) { _, left in
            last = left
            return left == end
        }
        #expect(left == [end - last..<end] && last < end)
    }

    @Test func `what is staged is compared a part at a time`() throws {
        let digests = try (0..<7).map { try #require(Digest(bytes: [UInt8](repeating: $0, count: 32))) }
        var asked: [Int64] = []
        /// Seven blocks of 10 bytes, the last one of 5; the fourth one is wrong there.
        func told(from start: Int64, size: Int64 = 65) -> StagedResponse.File {
            let blocks = digests.enumerated().map { $0 == 3 ? "wrong" : $1.hex }
            return .init(name: "f", size: size, blocks: Array(blocks[Int(start / 10)...].prefix(2)))
        }
        func compare(_ ask: (Int64) -> StagedResponse.File?) throws -> [Bool] {
            asked = []
            return try StagedBlocks.compare(
                told(from: 0), 20,
                ask: { start in
                    asked.append(start)
                    return ask(start)
                }, own: { Array(digests[Int($0.lowerBound / 10)..<Int(($0.upperBound + 9) / 10)]) })
        }
        #expect(try compare { told(from: $0) } == [true, true, true, false, true, true, true])
        #expect(asked == [20, 40, 60])
        // What has become another file, or went away, is right as far as it was looked at.
        #expect(try compare { told(from: $0, size: $0 < 40 ? 65 : 66) } == [true, true, true, false])
        #expect(try compare { _ in nil } == [true, true])
        #expect(
            try compare { .init(name: "f", size: 65, blocks: $0 == 20 ? [] : told(from: $0).blocks) }
                == [true, true, false, false, true, true, true])
    }

    @Test func `who hangs in its login is not waited for when all is carried`() throws {
        struct Cancelled: Error {}
        let cancelled = DispatchSemaphore(value: 0)
        let crew = RangeCrew([0..<10, 10..<20], cancel: { if $0 == 1 { cancelled.signal() } }) { lane, next, moved in
            if lane == 1 {
                cancelled.wait()
                throw Cancelled()
            }
            while let range = next() { _ = moved(Int(range.upperBound - range.lowerBound)) }
        }
        var rule = ConnectionRule(most: 2)
        rule.windowEnded(rate: 1, left: 1 << 40)
        #expect(rule.count == 2)
        #expect(try crew.run(&rule) { _, _ in true } == [])
        // It is no connection that could not be had.
        #expect(rule.count == 2)
    }
}

/// What is made ready at the hub while others go on.
struct ReadyWaitsTests {
    private func file(_ number: Int64) -> Travelling {
        // SAFETY: a SHA-256 has 32 bytes.
        let digest = Digest(bytes: sha256([UInt8(number)]))!
        return Travelling(
            entry: EntryID(number), path: .top,
            file: FileContent(digest: digest, size: 4, mode: Mode(0o600), mtime: 0),
            stamp: Stamp(device: 1, inode: UInt64(number), size: 4, mtime: 0, ctime: 0))
    }

    @Test func `what the hub has no turn for waits for one, and gets it when another is ready`() {
        let hub = BulkHub()
        let (first, second) = (file(1), file(2))
        let isFree = Mutex(false)
        let (asked, go) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        withExtendedLifetime(isFree) {
            let free: @Sendable (Bool) -> Bool = { sets in
                isFree.withLock { value in
                    value = value || sets
                    return value
                }
            }
            hub.state.withLock { state in
                state.ready = { request in
                    if request.content?.sha256 == first.file.digest.hex {
                        go.wait()
                        return .success(free(true))
                    }
                    defer { asked.signal() }
                    if !free(false) { return .failure(.refused(ErrorMessage(.tooMany, "four are"))) }
                    return request.source == nil
                        ? .failure(.refused(ErrorMessage(.contentMissing, "it was not told where"))) : .success(true)
                }
            }
            let waits = ReadyWaits {}
            waits.wait(for: first, hub)
            waits.wait(for: second, from: .staged(file: "up-2", offset: 0), hub)
            asked.wait()
            #expect(waits.count == 2)
            go.signal()
            var ended: [(file: Travelling, failure: HubError?)] = []
            while ended.count < 2, waits.waitForOne() { ended += waits.takeEnded() }
            #expect(ended.count == 2 && ended.allSatisfy { $0.failure == nil })
        }
    }
}
