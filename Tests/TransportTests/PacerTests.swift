import Processes
import SyncCore
import Synchronization
import Testing

@testable import Transport

/// Limits with a timetable, at a minute of the day that a test gives.
@Suite struct PacerTests {
    private static func minute(_ hour: Int, _ minute: Int) -> Int { hour * 60 + minute }

    private static let both = "08:00,512k 23:00,off"
    private static let cases: [(own: String, asked: String, minute: Int, rate: Int64?)] = [
        // Each alone, on both sides of its hours.
        (both, "off", minute(7, 59), nil), (both, "off", minute(8, 0), 512 << 10),
        (both, "off", minute(22, 59), 512 << 10), (both, "off", minute(23, 0), nil),
        ("off", both, minute(7, 59), nil), ("off", both, minute(8, 0), 512 << 10),
        ("off", both, minute(22, 59), 512 << 10), ("off", both, minute(23, 0), nil),
        // The lower one of the two.
        (both, "1M", minute(7, 59), 1 << 20), (both, "1M", minute(8, 0), 512 << 10),
        (both, "256k", minute(8, 0), 256 << 10), (both, "256k", minute(23, 0), 256 << 10),
        ("256k", both, minute(12, 0), 256 << 10), ("1M", both, minute(12, 0), 512 << 10),
        // Hours that overlap.
        ("08:00,512k 23:00,off", "22:00,128k 06:00,2M", minute(21, 59), 512 << 10),
        ("08:00,512k 23:00,off", "22:00,128k 06:00,2M", minute(22, 0), 128 << 10),
        ("08:00,512k 23:00,off", "22:00,128k 06:00,2M", minute(5, 59), 128 << 10),
        ("08:00,512k 23:00,off", "22:00,128k 06:00,2M", minute(6, 0), 2 << 20),
        ("off", "off", minute(12, 0), nil),
    ]

    @Test(arguments: cases) func `of a machine's own limit and the hub's the lower one holds, by the minute`(
        own: String, asked: String, minute: Int, rate: Int64?
    ) throws {
        let pacer = Pacer(minute: { minute })
        pacer.limit(own: try Timetable(own))
        pacer.limit(asked: try Timetable(asked))
        #expect(pacer.rate == rate && pacer.isLimited == (rate != nil))
        // Without a limit all of it may move at once; with one no more than a tenth of a second's worth, or a few packets.
        let moved = pacer.bulk.take(upTo: 64 << 20) { false }
        if let rate { #expect(moved > 0 && moved <= max(rate / 10, 8_192)) } else { #expect(moved == 64 << 20) }
    }

    /// Moves four megabytes, which take more than an hour with a limit of 1k.
    private final class Transfer: Sendable {
        private let moved = Monitor(0)
        private let isCancelled = Atomic(false)
        private static let size = 4 << 20

        init(_ pacer: Pacer) {
            startThread("transfer") { [self] in
                var left = Transfer.size
                while left > 0 {
                    let count = pacer.quick.take(upTo: left) { self.isCancelled.load(ordering: .relaxed) }
                    if count == 0 { return }
                    left -= count
                    moved.withLock { $0 += count }
                }
            }
        }

        deinit { cancel() }

        func cancel() { isCancelled.store(true, ordering: .relaxed) }
        /// Blocks until some of it has moved.
        var hasBegun: Bool { moved.wait(timeout: .seconds(20)) { $0 > 0 ? true : nil } ?? false }
        /// Blocks until all of it has.
        var isDone: Bool { moved.wait(timeout: .seconds(20)) { $0 == Transfer.size ? true : nil } ?? false }
        var isUnderWay: Bool { moved.withLock { (1..<Transfer.size).contains($0) } }
    }

    @Test func `what is on its way is slowed from the minute at which a limit begins, and goes when it ends`() throws {
        let clock = Monitor(PacerTests.minute(7, 59))
        let pacer = Pacer(minute: { clock.withLock { $0 } })
        pacer.limit(own: try Timetable("08:00,1k 23:00,off"))
        #expect(Transfer(pacer).isDone)
        clock.withLock { $0 = PacerTests.minute(8, 0) }
        let slow = Transfer(pacer)
        defer { slow.cancel() }
        #expect(slow.hasBegun && slow.isUnderWay)
        clock.withLock { $0 = PacerTests.minute(22, 59) }
        #expect(slow.isUnderWay)
        clock.withLock { $0 = PacerTests.minute(23, 0) }
        #expect(slow.isDone)
    }

    @Test func `a limit that is lifted, here or at the hub, lets go what is on its way, unless the other one holds it`()
        throws
    {
        let pacer = Pacer(minute: { 0 })
        let slow = try Timetable("1k")
        pacer.limit(own: slow)
        pacer.limit(asked: slow)
        let first = Transfer(pacer)
        defer { first.cancel() }
        #expect(first.hasBegun)
        pacer.limit(asked: .off)
        #expect(pacer.rate == 1_024 && first.isUnderWay)
        pacer.limit(own: .off)
        #expect(first.isDone)
        pacer.limit(asked: slow)
        let second = Transfer(pacer)
        defer { second.cancel() }
        #expect(second.hasBegun && second.isUnderWay)
        pacer.limit(asked: .off)
        #expect(second.isDone)
    }
}
