import Testing
import TestSupport

@testable import SyncCore

struct ChunkerTests {
    private let sizes = ChunkSizes(exponent: 12)

    private func bytes(_ count: Int, seed: UInt64) -> [UInt8] {
        var random = SeededRandom(seed: seed)
        return (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
    }

    /// The lengths of all chunks, with the bytes handed over in blocks of these sizes, over and over.
    private func chunks(_ bytes: [UInt8], _ sizes: ChunkSizes, blocks: [Int]) -> [Int] {
        var chunker = Chunker(sizes)
        var found: [Int] = []
        var at = 0
        var turn = 0
        bytes.withUnsafeBytes { all in
            while at < all.count {
                let end = min(at + blocks[turn % blocks.count], all.count)
                turn += 1
                while at < end {
                    let before = chunker.length
                    guard let count = chunker.cut(UnsafeRawBufferPointer(rebasing: all[at..<end])) else {
                        at = end
                        continue
                    }
                    found.append(before + count)
                    at += count
                }
            }
        }
        return chunker.length > 0 ? found + [chunker.length] : found
    }

    @Test(arguments: [[1], [7, 4_096, 1], [1_000], [1 << 20]])
    func `cuts do not depend on the blocks in which the bytes come`(blocks: [Int]) {
        let content = bytes(300_000, seed: 1)
        let whole = chunks(content, sizes, blocks: [content.count])
        #expect(whole.reduce(0, +) == content.count)
        #expect(chunks(content, sizes, blocks: blocks) == whole)
    }

    @Test func `every chunk but the last has at least the minimum and at most the maximum`() {
        let lengths = chunks(bytes(2_000_000, seed: 2), sizes, blocks: [65_536])
        #expect(lengths.dropLast().allSatisfy { $0 > sizes.minimum && $0 <= sizes.maximum })
        let average = 2_000_000 / lengths.count
        #expect(average > sizes.average / 2 && average < sizes.average * 2)
    }

    @Test func `bytes that are all alike are cut at the maximum, or all at one length`() {
        let lengths = chunks([UInt8](repeating: 0, count: 100_000), sizes, blocks: [4_096])
        #expect(Set(lengths.dropLast()).count == 1)
    }

    @Test(arguments: [0, 1, 777, 150_000, 299_999])
    func `one byte inserted changes a few chunks around it and no other`(offset: Int) {
        let old = bytes(300_000, seed: 3)
        var new = old
        new.insert(0x5A, at: offset)
        func contents(_ bytes: [UInt8]) -> [ArraySlice<UInt8>] {
            var start = 0
            return chunks(bytes, sizes, blocks: [10_000]).map { length in
                defer { start += length }
                return bytes[start..<start + length]
            }
        }
        let known = Set(contents(old))
        let fresh = contents(new).filter { !known.contains($0) }
        #expect((1...4).contains(fresh.count), "\(fresh.count) of \(known.count) chunks are new")
    }

    @Test func `the cuts of a content are the same for ever`() {
        // Chunk lists are stored: a change of the table, the sizes or the rule makes all of them useless.
        #expect(
            chunks(bytes(40_000, seed: 4), sizes, blocks: [40_000]) == [
                6_230, 7_135, 3_405, 4_151, 6_871, 5_538, 4_590, 2_080,
            ])
        #expect(Gear.words[0] == 0xE220_A839_7B1D_CDAF)
    }

    private static let exponents: [(Int64, Int)] = [
        (0, 14), (1_048_576, 14), (536_870_911, 14), (536_870_912, 15), (1_073_741_824, 15), (274_877_906_944, 19),
        (.max, 22),
    ]

    @Test(arguments: exponents)
    func `the average grows with the square root of the size`(size: Int64, exponent: Int) {
        #expect(ChunkSizes(contentOf: size) == ChunkSizes(exponent: exponent))
    }
}
