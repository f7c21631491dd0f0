import SyncCore
import Testing

@testable import Index

struct ChunkListTests {
    private func list(_ numbers: Range<Int>) -> ChunkList {
        ChunkList(
            exponent: 14,
            chunks: numbers.map { Chunk(length: 10_000, high: UInt64($0), low: UInt64($0) &* 0x9E37_79B9_7F4A_7C15) })
    }

    private func digest(_ number: UInt8) -> Digest { Digest(bytes: [UInt8](repeating: number, count: 32))! }

    @Test func `lists are found by content, by size and by what they share`() throws {
        let index = try FolderIndex.memory(newGeneration: "g")
        try index.keep(list(0..<100), of: digest(1))
        try index.keep(list(50..<150), of: digest(2))
        try index.keep(list(1_000..<1_100), of: digest(3))
        #expect(try index.chunkList(of: digest(2), size: 1_000_000) == list(50..<150))
        #expect(try index.chunkList(of: digest(2), size: 5) == nil)
        #expect(try index.chunkList(of: digest(9), size: 1_000_000) == nil)
        #expect(try index.hasChunkList(ofSize: 1_000_000))
        #expect(try !index.hasChunkList(ofSize: 1_000_001))
        let like = try index.contents(sharing: list(60..<170), limit: 4)
        #expect(like == [FileKey(digest: digest(2), size: 1_000_000), FileKey(digest: digest(1), size: 1_000_000)])
        #expect(try index.contents(sharing: list(5_000..<5_100), limit: 4).isEmpty)
    }

    @Test func `the oldest lists go when there is no room, and nothing of them stays`() throws {
        let index = try FolderIndex.memory(newGeneration: "g")
        let room = Int64(list(0..<100).encoded.count)
        for number in 0..<5 {
            try index.keep(list(number * 1_000..<number * 1_000 + 100), of: digest(UInt8(number)), most: 2 * room)
        }
        let left = try (0..<5).filter { try index.chunkList(of: digest(UInt8($0)), size: 1_000_000) != nil }
        #expect(left == [3, 4])
        #expect(try index.contents(sharing: list(0..<100), limit: 4).isEmpty)
        // One that is too large by itself is kept alone.
        try index.keep(list(0..<1_000), of: digest(9), most: 2 * room)
        #expect(try index.chunkList(of: digest(4), size: 1_000_000) == nil)
        #expect(try index.chunkList(of: digest(9), size: 10_000_000) != nil)
    }
}
