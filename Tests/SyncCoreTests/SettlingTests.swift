import SyncCore
import Testing

/// When a file counts as quiet. Times are milliseconds of a clock that the test holds.
@Suite struct SettlingTests {
    @Test func `a closed file is due after the quiet time, not a moment before`() {
        var settling = Settling<String>(debounce: 50, longest: 10_000)
        settling.note("f", .written, at: 0)
        settling.note("f", .closed, at: 10)
        #expect(settling.nextDue == 60)
        #expect(settling.takeDue(at: 59) == [])
        #expect(settling.takeDue(at: 60) == ["f"])
        #expect(settling.isEmpty)
    }

    @Test func `each event begins the quiet time anew`() {
        var settling = Settling<String>(debounce: 50, longest: 10_000)
        for time in stride(from: Int64(0), through: 200, by: 40) { settling.note("f", .closed, at: time) }
        #expect(settling.takeDue(at: 249) == [])
        #expect(settling.takeDue(at: 250) == ["f"])
    }

    @Test func `a file written all the time is taken once in the longest time`() {
        var settling = Settling<String>(debounce: 50, longest: 1_000)
        var taken: [Int64] = []
        for time in stride(from: Int64(0), through: 3_500, by: 20) {
            settling.note("log", .closed, at: time)
            if settling.takeDue(at: time) == ["log"] { taken.append(time) }
        }
        #expect(taken == [1_000, 2_020, 3_040])
    }

    @Test func `a file that stays open waits for its close, or for the longest time`() {
        var settling = Settling<String>(debounce: 50, longest: 1_000)
        settling.note("f", .written, at: 0)
        #expect(settling.takeDue(at: 999) == [])
        #expect(settling.nextDue == 1_000)
        settling.note("f", .closed, at: 500)
        #expect(settling.nextDue == 550)
    }

    @Test func `what was due while somebody writes waits once more`() {
        var settling = Settling<String>(debounce: 50, longest: 1_000)
        settling.note("f", .changed, at: 0)
        #expect(settling.takeDue(at: 50) == ["f"])
        settling.postpone("f", at: 50)
        #expect(settling.takeDue(at: 1_049) == [])
        settling.note("f", .closed, at: 1_049)
        #expect(settling.takeDue(at: 1_050) == ["f"])
    }

    @Test func `what somebody has open is due again after pauses that grow, for the longest time in all`() {
        var settling = Settling<String>(debounce: 50, finished: 10, longest: 1_000)
        settling.note("f", .closed, at: 0)
        var now: Int64 = 10
        var times: [Int64] = []
        while settling.takeDue(at: now) == ["f"] {
            times.append(now)
            if !settling.postponeOpen("f", at: now) { break }
            now = settling.nextDue ?? 0
        }
        #expect(times == [10, 60, 160, 360, 760, 1_010])
        #expect(settling.isEmpty)
    }

    @Test func `who was held once is as new when it was quiet between`() {
        var settling = Settling<String>(debounce: 50, longest: 1_000)
        settling.note("f", .closed, at: 0)
        #expect(settling.takeDue(at: 50) == ["f"])
        let isPostponed = settling.postponeOpen("f", at: 50)
        #expect(isPostponed)
        #expect(settling.takeDue(at: 100) == ["f"])
        settling.note("f", .closed, at: 2_000)
        #expect(settling.takeDue(at: 2_050) == ["f"])
        let isPostponedAgain = settling.postponeOpen("f", at: 2_050)
        #expect(isPostponedAgain)
        #expect(settling.nextDue == 2_100)
    }

    @Test func `a close ends the pause of what somebody has open, and a write does not put it off`() {
        var settling = Settling<String>(debounce: 50, finished: 10, longest: 1_000)
        settling.note("f", .closed, at: 0)
        #expect(settling.takeDue(at: 10) == ["f"])
        let isPostponed = settling.postponeOpen("f", at: 10)
        #expect(isPostponed)
        settling.note("f", .written, at: 20)
        #expect(settling.nextDue == 60)
        settling.note("f", .closed, at: 21)
        #expect(settling.nextDue == 31)
        #expect(settling.takeDue(at: 31) == ["f"])
        // The next pause is the second one.
        let isPostponedAgain = settling.postponeOpen("f", at: 31)
        #expect(isPostponedAgain)
        #expect(settling.nextDue == 131)
    }

    @Test func `names are due each by itself`() {
        var settling = Settling<String>(debounce: 50, longest: 1_000)
        settling.note("a", .closed, at: 0)
        settling.note("b", .closed, at: 30)
        #expect(settling.takeDue(at: 50) == ["a"])
        #expect(settling.waiting == ["b"])
        #expect(settling.nextDue == 80)
    }

    // MARK: - Finished

    /// A tenth of the time suffices for what its writer has finished.
    private func quick() -> Settling<String> { Settling<String>(debounce: 50, finished: 10, longest: 1_000) }

    @Test func `what a writer closed, or was renamed into place, is due sooner than what merely changed`() {
        var settling = quick()
        settling.note("saved", .written, at: 0)
        settling.note("saved", .closed, at: 1)
        settling.note("renamed", .placed, at: 2)
        settling.note("gone", .changed, at: 3)
        #expect(settling.takeDue(at: 10) == [])
        #expect(settling.takeDue(at: 11) == ["saved"])
        #expect(settling.takeDue(at: 12) == ["renamed"])
        #expect(settling.takeDue(at: 52) == [])
        #expect(settling.takeDue(at: 53) == ["gone"])
    }

    @Test func `mode and times set after the close do not make it wait for all of the quiet time`() {
        var settling = quick()
        settling.note("f", .closed, at: 0)
        settling.note("f", .changed, at: 5)
        #expect(settling.nextDue == 15)
    }

    @Test func `a writer that opens, writes and closes in a row is given all of the quiet time after its last close`() {
        var settling = quick()
        for time in stride(from: Int64(0), through: 36, by: 9) {
            settling.note("f", .written, at: time)
            settling.note("f", .closed, at: time + 1)
            #expect(settling.takeDue(at: time + 8) == [])
        }
        #expect(settling.takeDue(at: 86) == [])
        #expect(settling.takeDue(at: 87) == ["f"])
    }

    @Test func `one that begins again soon after its file was taken is given all of it too`() {
        var settling = quick()
        settling.note("f", .closed, at: 0)
        #expect(settling.takeDue(at: 10) == ["f"])
        settling.note("f", .written, at: 40)
        settling.note("f", .closed, at: 41)
        #expect(settling.nextDue == 91)
        #expect(settling.takeDue(at: 91) == ["f"])
        settling.note("f", .closed, at: 141)
        #expect(settling.nextDue == 151)
    }

    @Test func `an open file is not due because it was renamed`() {
        var settling = quick()
        settling.note("f", .written, at: 0)
        settling.note("f", .placed, at: 1)
        #expect(settling.nextDue == 1_000)
    }
}
