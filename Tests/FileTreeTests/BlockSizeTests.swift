import Testing

@testable import FileTree

struct BlockSizeTests {
    @Test(
        arguments: [
            (Int64.min, 1), (-1, 1), (0, 1), (1, 2), (1 << 20 - 2, 1 << 20 - 1), (1 << 20 - 1, 1 << 20),
            (1 << 20, 1 << 20),
            (.max - 1, 1 << 20), (.max, 1 << 20),
        ] as [(Int64, Int)])
    func `a block is a little more than a small file has, and one MiB at most`(size: Int64, block: Int) {
        #expect(blockSize(for: size) == block)
    }
}
