import Engine
import Index
import SyncCore
import Testing

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
        #expect(BulkOrder.sorted(files).map(\.entry.rawValue) == [3, 4, 2, 1])
    }

    @Test(arguments: [(10, 40, true), (11, 40, false)] as [(Int64, Int64, Bool)])
    func `only what is much smaller than what is left goes first`(_ size: Int64, _ left: Int64, _ overtakes: Bool) {
        #expect(BulkOrder.overtakes(size, left) == overtakes)
    }
}
