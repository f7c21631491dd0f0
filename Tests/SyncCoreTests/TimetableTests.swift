import SyncCore
import Testing

@Suite struct TimetableTests {
    private static let good: [(String, Int, Int64?)] = [
        ("off", 0, nil), ("512k", 700, 524_288), ("2M", 0, 2 << 20), ("1G", 0, 1 << 30), ("1024", 0, 1_024),
        ("512K", 0, 524_288), ("08:00,512k 23:00,off", 8 * 60, 524_288), ("08:00,512k 23:00,off", 23 * 60 - 1, 524_288),
        ("08:00,512k 23:00,off", 23 * 60, nil), ("08:00,512k 23:00,off", 0, nil), ("08:00,512k 23:00,off", 479, nil),
        ("23:00,off 8:00,512k", 600, 524_288), ("09:30,1M", 0, 1 << 20),
    ]

    @Test(arguments: good) func `a rate holds from its time of the day until the next`(
        text: String, minute: Int, rate: Int64?
    ) throws { #expect(try Timetable(text).rate(at: minute) == rate) }

    @Test(arguments: [
        "", " ", "fast", "-1k", "k", "0", "1023", "5kk", "08:00", "24:00,1M", "08:60,1M", "8:0,1M", "08:00,1M 8:00,2M",
        "08:00,1M,2M", "08:00,", ",1M", "99999999999999999999", "9999999999999G", "off off", "08:00,1M 512k", "５１２k",
    ]) func `what is no timetable is refused with a reason`(text: String) {
        do throws(TimetableError) {
            _ = try Timetable(text)
            Issue.record("'\(text)' was taken")
        } catch { #expect(!error.description.isEmpty) }
    }

    @Test(arguments: ["off", "512k", "2M", "1500", "08:00,512k 23:00,off", "00:00,1M 12:05,off"])
    func `a timetable is written as it is read`(text: String) throws {
        #expect("\(try Timetable(text))" == text)
        #expect(try Timetable(text).isOff == (text == "off"))
    }
}

@Suite struct TokenBucketTests {
    /// Asks as a transfer does, with a clock that goes by what it was told to wait.
    private func seconds(for bytes: Int64, pieces: Int, rate: Int64) -> Double {
        var bucket = TokenBucket()
        var moved: Int64 = 0
        var now: Nanoseconds = 7
        while moved < bytes {
            switch bucket.take(upTo: Int(min(Int64(pieces), bytes - moved)), rate: rate, now: now) {
            case .granted(let count):
                moved += Int64(count)
                now += 1_000
            case .wait(let time): now += time
            }
        }
        return Double(now) / 1e9
    }

    private static let cases: [(Int, Int64)] = [
        (1 << 20, 512 << 10), (4_096, 512 << 10), (100, 10_000), (1 << 20, 100 << 20), (32_768, 1_024),
        (1 << 20, 3 << 30), (1 << 30, 1 << 40),
    ]

    @Test(arguments: cases) func `in twenty seconds as many bytes move as were granted`(pieces: Int, rate: Int64) {
        let time = seconds(for: 20 * rate, pieces: pieces, rate: rate)
        #expect((18...20.2).contains(time), "\(time) s")
    }

    @Test func `what was not used for an hour is not saved up`() {
        var bucket = TokenBucket()
        let rate: Int64 = 1 << 20
        _ = bucket.take(upTo: 1, rate: rate, now: 0)
        var moved: Int64 = 0
        while case .granted(let count) = bucket.take(upTo: 1 << 20, rate: rate, now: 3_600_000_000_000) {
            moved += Int64(count)
        }
        #expect((1...rate / 10).contains(moved))
    }

    @Test func `what has not moved may move later`() {
        var bucket = TokenBucket()
        _ = bucket.take(upTo: 1, rate: 1 << 20, now: 0)
        guard case .granted(let count) = bucket.take(upTo: 80_000, rate: 1 << 20, now: 1_000_000_000) else {
            Issue.record("nothing was granted after a second")
            return
        }
        bucket.giveBack(count)
        #expect(bucket.take(upTo: 80_000, rate: 1 << 20, now: 1_000_000_000) == .granted(count))
    }
}
