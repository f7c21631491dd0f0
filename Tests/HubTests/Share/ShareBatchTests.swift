import ControlAPI
import Journal
import SyncCore
import TestSupport
import Testing

@testable import Hub

/// What is deleted in the share at two times, and what a person says about each.
struct ShareBatchTests {
    private let clock = MovedClock()
    private let share: ShareHub

    /// Ten files that have been there for an hour; five of them were deleted then, and the others long after.
    init() throws {
        share = try ShareHub(guardedBy: MassChangeGuard(percent: 10, least: 3), clock: clock.clock)
        for number in 0..<5 {
            share.put("old \(number)", "old\(number)")
            share.put("new \(number)", "new\(number)")
        }
        try share.settled()
        for kind in ["old", "new"] {
            clock.pass(3_600)
            // The hub is busy meanwhile, and hears of all of them at once.
            share.hub.core.inspect { _ in for number in 0..<5 { share.remove("\(kind)\(number)") } }
            try eventually("the \(kind) ones are held") { try held().last?.deletes == 5 && isNoticed(kind) }
        }
        try #require(try held().map(\.deletes) == [5, 5])
    }

    private func held() throws -> [HeldBatch] { try share.hub.journal().heldBatches() }

    private func isNoticed(_ kind: String) throws -> Bool {
        try held().last.map { "\($0.path)".hasPrefix(kind) } ?? false
    }

    /// Files of a kind that the journal has.
    private func live(_ kind: String) throws -> Int { try (0..<5).count { try share.node("\(kind)\($0)") != nil } }

    private func approve(_ index: Int) throws {
        let batch = try held()[index].id
        _ = try share.hub.post("/v1/approve", HeldRequest(id: batch), as: HeldResponse.self)
    }

    @Test func `the older is approved and goes, the newer waits on, and goes when it is approved`() throws {
        try approve(0)
        try eventually("the old ones are deleted") { try live("old") == 0 }
        #expect(try live("new") == 5 && held().map(\.deletes) == [5])
        try approve(0)
        try share.settled()
        #expect(try live("new") == 0 && held().isEmpty)
    }

    @Test func `the newer is approved and goes, the older waits on, also over a restart`() throws {
        try approve(1)
        try eventually("the new ones are deleted") { try live("new") == 0 }
        try share.hub.restart(clock: clock.clock)
        #expect(try live("old") == 5 && held().map(\.deletes) == [5])
        try approve(0)
        try share.settled()
        #expect(try live("old") == 0 && held().isEmpty)
    }
}
