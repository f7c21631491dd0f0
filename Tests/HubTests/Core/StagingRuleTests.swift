import ControlAPI
import Testing

@testable import Hub

/// What the hub reads and writes for one client's staging.
struct StagingRuleTests {
    @Test(
        arguments: [
            (0, 0, true), (1, 2, true), (2, 3, false), (100, 200, true), (101, 200, false), (101, 201, false),
        ] as [(Int64, Int64, Bool)])
    func `a copy for a client leaves half of what is free`(bytes: Int64, free: Int64, isAllowed: Bool) {
        #expect(StagingRule.allowsCopy(of: bytes, free: free) == isAllowed)
    }

    @Test(
        arguments: [
            (1 << 20, 16 << 30, nil, 16_384), (1 << 20, 16 << 30, 16_385, 16_384), (1 << 20, 16 << 30, 3, 3),
            (32 << 20, 63 << 20, nil, 1), (32 << 20, 31 << 20, 9, 0), (32 << 20, -1, 9, 0), (.max, 16 << 30, nil, 0),
        ] as [(Int64, Int64, Int?, Int)])
    func `for one question no more is read than that`(block: Int64, left: Int64, wanted: Int?, blocks: Int) {
        #expect(StagedRequest.blocks(of: block, within: left, wanted: wanted) == blocks)
    }
}
