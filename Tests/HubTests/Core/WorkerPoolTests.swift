import Glibc
import Synchronization
import TestSupport
import Testing

@testable import Hub

struct WorkerPoolTests {
    private final class Tally: Sendable {
        let isOver = Atomic(false)
        let running = Atomic(0)
        let most = Atomic(0)
        let ended = Atomic(0)
    }

    private let tally = Tally()

    @Test func `jobs that compute for long keep no other pool waiting`() throws {
        let tally = tally
        defer { tally.isOver.store(true, ordering: .relaxed) }
        // As many as the machine has cores. Others' tests run beside this one: they go first.
        let count = sysconf(Int32(_SC_NPROCESSORS_ONLN))
        let busy = WorkerPool("test.busy", width: count)
        for _ in 0..<count {
            busy.run {
                tally.running.add(1, ordering: .relaxed)
                while !tally.isOver.load(ordering: .relaxed) { sched_yield() }
            }
        }
        try eventually("all of them run") { tally.running.load(ordering: .relaxed) == count }
        WorkerPool("test.other", width: 1).run { tally.ended.add(1, ordering: .relaxed) }
        try eventually("the other pool's job is done") { tally.ended.load(ordering: .relaxed) == 1 }
    }

    @Test func `no more jobs run at the same time than a pool is wide, and all of them do`() throws {
        let tally = tally
        let pool = WorkerPool("test.wide", width: 3)
        for _ in 0..<50 {
            pool.run {
                let now = tally.running.add(1, ordering: .relaxed).newValue
                tally.most.max(now, ordering: .relaxed)
                tally.running.subtract(1, ordering: .relaxed)
                tally.ended.add(1, ordering: .relaxed)
            }
        }
        try eventually("all are done") { tally.ended.load(ordering: .relaxed) == 50 }
        #expect((1...3).contains(tally.most.load(ordering: .relaxed)))
    }
}
