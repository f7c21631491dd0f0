import SyncCore
import Testing

@Suite struct ProgressTests {
    private let second: Nanoseconds = 1_000_000_000

    @Test func `a burst begins with the first thing that waits, and its sums stay`() {
        var progress = Progress()
        // Something was done before.
        progress.observe(total: Amount(files: 7, bytes: 700), left: Amount(), at: 0)
        #expect(progress.isOver)
        progress.observe(total: Amount(files: 7, bytes: 700), left: Amount(files: 10, bytes: 1_000), at: second)
        #expect(progress.done == Amount() && progress.left == Amount(files: 10, bytes: 1_000) && !progress.isMoving)
        #expect(progress.rate == nil && progress.secondsLeft == nil)
        progress.observe(total: Amount(files: 11, bytes: 1_100), left: Amount(files: 6, bytes: 600), at: 3 * second)
        #expect(progress.done == Amount(files: 4, bytes: 400) && progress.isMoving)
        #expect(progress.rate == 133 && progress.secondsLeft == 5)
        progress.observe(total: Amount(files: 17, bytes: 1_700), left: Amount(), at: 5 * second)
        #expect(progress.isOver && progress.done == Amount())
    }

    @Test func `a rate is one of the last seconds`() throws {
        var progress = Progress()
        for time in 0...100 {
            // First a megabyte a second, then ten times that.
            let bytes = Int64(time <= 50 ? time : 50 + (time - 50) * 10) << 20
            progress.observe(
                total: Amount(files: 0, bytes: bytes), left: Amount(files: 1, bytes: 1 << 30), at: Int64(time) * second)
        }
        #expect(progress.rate == 10 << 20)
        #expect(progress.secondsLeft == 103)
    }

    @Test func `nothing that moves has no rate, and no end`() {
        var progress = Progress()
        for time in 0...60 {
            progress.observe(
                total: Amount(files: 3, bytes: min(Int64(time), 10)), left: Amount(files: 1, bytes: 100),
                at: Int64(time) * second)
        }
        #expect(!progress.isMoving && progress.rate == nil && progress.secondsLeft == nil)
    }

    @Test func `many small files are bound by their count, few large ones by their bytes`() {
        var progress = Progress()
        progress.observe(total: Amount(), left: Amount(files: 2_000, bytes: 2_000), at: 0)
        // All bytes but few files were done: the last ones are small.
        progress.observe(total: Amount(files: 100, bytes: 1_000), left: Amount(files: 1_900, bytes: 1_000), at: second)
        #expect(progress.secondsLeft == 19)
        progress = Progress()
        progress.observe(total: Amount(), left: Amount(files: 3, bytes: 3_000), at: 0)
        progress.observe(total: Amount(files: 1, bytes: 100), left: Amount(files: 2, bytes: 2_900), at: second)
        #expect(progress.secondsLeft == 29)
        // Moves and deletions have no bytes.
        progress = Progress()
        progress.observe(total: Amount(), left: Amount(files: 40), at: 0)
        progress.observe(total: Amount(files: 10), left: Amount(files: 30), at: second)
        #expect(progress.secondsLeft == 3)
    }

    @Test func `what was there counts as done, and not into the rate`() {
        var progress = Progress()
        let second: Nanoseconds = 1_000_000_000
        progress.observe(total: Amount(), left: Amount(), spared: 5, at: 0)
        progress.observe(total: Amount(), left: Amount(files: 1, bytes: 1_000), spared: 5, at: second)
        progress.observe(total: Amount(), left: Amount(files: 1, bytes: 100), spared: 905, at: 2 * second)
        #expect(progress.done.bytes == 900 && progress.rate == nil && !progress.isMoving)
        progress.observe(total: Amount(bytes: 20), left: Amount(files: 1, bytes: 80), spared: 905, at: 3 * second)
        #expect(progress.done.bytes == 920 && progress.rate == 6)
        progress.observe(total: Amount(files: 1, bytes: 100), left: Amount(), spared: 905, at: 4 * second)
        #expect(progress.isOver && progress.done == Amount())
    }
}
