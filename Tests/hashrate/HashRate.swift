import FileTree
import Hashing
import SyncCore

/// How fast one core hashes, cuts, and does both, over random bytes that fit into no cache: MB/s, the best of five runs.
struct HashRate {
    private static let size = 256 << 20
    /// In which files are read.
    private static let block = 256 << 10
    private let bytes: UnsafeMutableRawBufferPointer

    init() {
        bytes = .allocate(byteCount: HashRate.size, alignment: 64)
        var random = SystemRandomNumberGenerator()
        for offset in stride(from: 0, to: HashRate.size, by: 8) {
            bytes.storeBytes(of: random.next(), toByteOffset: offset, as: UInt64.self)
        }
    }

    func run() {
        var hash = SHA256()
        measure("hash (SHA-256)") { hash.update($0) }
        var chunker = Chunker(ChunkSizes(contentOf: Int64(HashRate.size)))
        measure("cut (FastCDC)") { block in
            var rest = block
            while let count = chunker.cut(rest) { rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count)) }
        }
        let fingerprinter = Fingerprinter()
        measure("fingerprint (XXH3-128)") { fingerprinter.update($0) }
        var lister = ChunkLister(exponent: ChunkSizes(contentOf: Int64(HashRate.size)).exponent)
        measure("cut and fingerprint") { lister.feed($0) }
        measure("hash, cut and fingerprint") {
            hash.update($0)
            lister.feed($0)
        }
    }

    private func measure(_ name: String, _ body: (UnsafeRawBufferPointer) -> Void) {
        let best = (0..<5).map { _ in
            ContinuousClock().measure {
                for start in stride(from: 0, to: HashRate.size, by: HashRate.block) {
                    body(UnsafeRawBufferPointer(rebasing: bytes[start..<start + HashRate.block]))
                }
            }
        }.min()!  // SAFETY: of five.
        print(name, Int(Double(HashRate.size) / (best / .seconds(1)) / 1e6), "MB/s")
    }
}
