import Engine
import SyncCore
import Testing

@testable import Agent

/// What is fetched together.
struct LoadTests {
    private let limits = Load.Limits(packed: 10, pack: 25, files: 100, count: 4)

    private func fetches(_ sizes: [Int64]) -> [Fetch] {
        sizes.enumerated().map { index, size in
            Fetch(
                node: NodeID(Int64(index) + 1),
                file: FileContent(digest: .empty, size: size, mode: Mode(0o644), mtime: Nanoseconds(0)), path: .top)
        }
    }

    /// `p` for a pack, `f` for files, with the numbers of the nodes.
    private func shown(_ sizes: [Int64]) -> [String] {
        Load.divide(fetches(sizes), limits).map { load in
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
}
