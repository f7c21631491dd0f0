import ControlAPI
import SyncCore
import Testing

@testable import Agent

@Suite struct ProgressBarTests {
    private func message(_ total: Amount, _ left: Amount) throws -> ProgressMessage {
        var progress = Progress()
        progress.observe(total: Amount(), left: total + left, at: 0)
        progress.observe(total: total, left: left, at: 2_000_000_000)
        return try #require(ProgressMessage(progress))
    }

    @Test func `the bar says files, bytes, rate and time left`() throws {
        let half = try message(Amount(files: 30, bytes: 6_000_000), Amount(files: 20, bytes: 4_000_000))
        #expect(
            ProgressBar.line(half, width: 200)
                == "[############--------] 60 %  30 of 50 files, 6.0 MB of 10 MB, 3.0 MB/s, 2 s left")
        let moves = try message(Amount(files: 1), Amount(files: 99))
        #expect(
            ProgressBar.line(moves, width: 200).hasPrefix("[--------------------]  1 %  1 of 100 files, 0 B of 0 B"))
    }

    @Test(arguments: [1, 10, 40, 80]) func `the bar never fills its line`(width: Int) throws {
        let half = try message(Amount(files: 30, bytes: 6_000_000), Amount(files: 20, bytes: 4_000_000))
        #expect(ProgressBar.line(half, width: width).count == max(width - 1, 1))
    }
}
