import Synchronization
import Testing

@testable import Agent

/// The worker's callbacks, which are looked at for each batch of events.
@Suite struct CallbackTests {
    @Test func `it calls what was set last, and nothing before`() {
        let callback = Callback<Int>()
        let seen = Mutex<[Int]>([])
        callback.call(1)
        callback.connect { value in seen.withLock { $0.append(value) } }
        callback.call(2)
        #expect(seen.withLock { $0 } == [2])
    }

    /// As a bare function in a generic place it was wrapped once more each time that it was looked at.
    @Test func `after a million calls a call needs no more stack than the first`() {
        let callback = Callback<Int>()
        let sum = Mutex(0)
        callback.connect { value in sum.withLock { $0 += value } }
        for _ in 0..<1_000_000 { callback.call(1) }
        #expect(sum.withLock { $0 } == 1_000_000)
    }
}

@Suite struct GenerationTests {
    @Test func `a generation has 32 hexadecimal digits and no other has the same`() {
        let some = (0..<1_000).map { _ in Generation.random() }
        #expect(Set(some).count == 1_000)
        #expect(some.allSatisfy { $0.utf8.count == 32 && $0.utf8.allSatisfy { "0123456789abcdef".utf8.contains($0) } })
    }
}
