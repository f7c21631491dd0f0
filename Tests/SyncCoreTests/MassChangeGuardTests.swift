import SyncCore
import Testing

/// The guard's rule in numbers.
@Suite("Mass change guard")
struct MassChangeGuardTests {
    @Test(arguments: [
        // Both must hold: more than the share of all, and not just a few.
        (49, 49, false), (50, 50, true), (50, 166, true), (50, 167, false), (300, 1000, false), (301, 1000, true),
        (1000, 1_000_000, false), (10, 10, false), (0, 0, false),
    ])
    func `so many of so many nodes trip it`(changes: Int, live: Int, trips: Bool) {
        #expect(MassChangeGuard().trips(changes: changes, live: live) == trips)
    }

    @Test func `zero percent never trips`() {
        #expect(!MassChangeGuard.off.trips(changes: 1_000_000, live: 1))
    }

    @Test(arguments: [
        // done, here, new, announced: sum
        ([0, 1, 1, 0], 1), ([0, 1, 1, 60], 60), ([59, 1, 1, 1], 60), ([60, 20, 0, 60], 60), ([60, 20, 10, 60], 90),
        ([5, 0, 0, 100], 5), ([0, 100, 100, 20], 100),
    ])
    func `what is announced counts as far as what comes is new`(numbers: [Int], sum: Int) {
        #expect(
            MassChangeGuard.sum(done: numbers[0], here: numbers[1], new: numbers[2], announced: numbers[3]) == sum)
    }
}
