import Engine
import SyncCore
import Testing

@testable import Agent

/// What is fetched together.
struct LoadTests {
    private let limits = Load.Limits(packed: 10, pack: 25, files: 100, count: 4)

    /// - Parameter contents: a number for each; the same one for the same bytes.
    private func fetches(_ sizes: [Int64], contents: [Int]? = nil) -> [Fetch] {
        let contents = contents ?? Array(sizes.indices)
        return zip(sizes, contents).enumerated().map { index, file in
            let digest = Digest(bytes: [UInt8](repeating: 0, count: 31) + [UInt8(file.1)])!
            return Fetch(
                node: NodeID(Int64(index) + 1),
                file: FileContent(digest: digest, size: file.0, mode: Mode(0o644), mtime: Nanoseconds(0)), path: .top)
        }
    }

    /// `p` for a pack, `f` for files, with the numbers of the nodes.
    private func shown(_ sizes: [Int64], contents: [Int]? = nil) -> [String] {
        Load.divide(fetches(sizes, contents: contents), limits).map { load in
            switch load {
            case .pack(let fetches): "p" + fetches.map { "\($0.node.rawValue)" }.joined(separator: ",")
            case .files(let fetches): "f" + fetches.map { "\($0.node.rawValue)" }.joined(separator: ",")
            }
        }
    }

    @Test(arguments: [
        ([], []),
        ([3], ["f1"]),
        ([11], ["f1"]),
        ([3, 3], ["p1,2"]),
        ([10, 10, 5], ["p1,2,3"]),
        ([10, 10, 6], ["p1,2", "f3"]),
        ([1, 1, 1, 1, 1, 1], ["p1,2,3,4", "p5,6"]),
        ([200, 3, 50, 3, 50, 1_000], ["p2,4", "f1", "f3,5", "f6"]),
    ])
    func `small files go together and first, large ones alone`(sizes: [Int64], loads: [String]) {
        #expect(shown(sizes) == loads)
    }

    @Test func `files of the same bytes go together, and count once`() {
        #expect(shown([60, 70, 60, 70, 60], contents: [1, 2, 1, 2, 1]) == ["f1,3,5", "f2,4"])
        #expect(shown([200, 200, 200], contents: [1, 1, 1]) == ["f1,2,3"])
        #expect(shown([10, 10, 10, 6], contents: [1, 2, 1, 3]) == ["p1,3,2", "f4"])
    }
}
