import FileTree
import Journal
import SyncCore
import Testing

@testable import Hub

/// What is read next of the share: small and recent changes never wait for bulk.
struct ShareHashQueueTests {
    private static let megabyte: Int64 = 1 << 20

    private func request(_ name: String, _ megabytes: Int64 = 0) throws -> ShareHashRequest {
        let path = try RelativePath(bytes: Array(name.utf8))
        return ShareHashRequest(
            spot: Spot(directory: .root, name: try #require(path.last)), path: path, size: megabytes * Self.megabyte,
            wasQuiet: false)
    }

    /// Of the batches that begin one after the other until none does.
    private func begin(_ queue: inout ShareHashQueue) -> [[String]] {
        var batches: [[String]] = []
        while let batch = queue.next() { batches.append(batch.map { "\($0.path)" }) }
        return batches
    }

    @Test func `large files never have the last worker`() throws {
        var queue = ShareHashQueue(width: 3)
        for name in ["a", "b", "c"] { queue.append(try request(name, 100)) }
        let large = begin(&queue)
        #expect(large == [["c"], ["b"]])
        queue.append(try request("document"))
        let small = begin(&queue)
        #expect(small == [["document"]])
        #expect(!queue.isEmpty)
        queue.end([try request("c", 100)])
        let last = begin(&queue)
        #expect(last == [["a"]])
        #expect(queue.isEmpty)
    }

    @Test func `a stream of small files leaves a worker to a large one`() throws {
        var queue = ShareHashQueue(width: 3)
        queue.append(try request("large", 100))
        var begun: [[String]] = []
        for number in 0..<3 {
            queue.append(try request("small \(number)"))
            if let batch = queue.next() { begun.append(batch.map { "\($0.path)" }) }
        }
        #expect(begun == [["small 0"], ["small 1"], ["large"]])
    }

    @Test func `one worker reads what is small first, and then all of the rest`() throws {
        var queue = ShareHashQueue(width: 1)
        queue.append(try request("large", 100))
        queue.append(try request("small"))
        let first = begin(&queue)
        #expect(first == [["small"]])
        queue.end([try request("small")])
        let second = begin(&queue)
        #expect(second == [["large"]])
        #expect(queue.isEmpty)
    }

    @Test func `the newest go first, and a batch is bounded`() throws {
        var queue = ShareHashQueue(width: 3)
        for number in 0..<5 { queue.append(try request("\(number)", 7)) }
        for number in 0..<3 { queue.append(try request("large \(number)", 30)) }
        let begun = begin(&queue)
        #expect(begun == [["4", "3", "2", "1"], ["0"], ["large 2", "large 1"]])
        var many = ShareHashQueue(width: 1)
        for number in 0..<500 { many.append(try request("\(number)")) }
        let batch = many.next()
        #expect(batch?.count == ShareHashQueue.mostFiles)
    }

    @Test func `what is forgotten while some is read begins anew`() throws {
        var queue = ShareHashQueue(width: 1)
        queue.append(try request("a", 100))
        queue.append(try request("b", 100))
        let first = begin(&queue).first
        #expect(first == ["b"])
        queue.removeAll()
        #expect(queue.isEmpty)
        queue.append(try request("c"))
        let busy = begin(&queue)
        #expect(busy.isEmpty)
        queue.end([try request("b", 100)])
        let next = begin(&queue)
        #expect(next == [["c"]])
    }
}
