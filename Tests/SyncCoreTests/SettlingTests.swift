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

    @Test func `names are due each by itself`() {
        var settling = Settling<String>(debounce: 50, longest: 1_000)
        settling.note("a", .closed, at: 0)
        settling.note("b", .closed, at: 30)
        #expect(settling.takeDue(at: 50) == ["a"])
        #expect(settling.waiting == ["b"])
        #expect(settling.nextDue == 80)
    }
}
