import Testing

@testable import Transport

@Suite struct BehindRuleTests {
    @Test(arguments: [
        (4 << 20, Duration.milliseconds(100), Int64(4 << 20)), (3_000_000, .seconds(1), 1_000_000),
        (300_000, .seconds(3), 64 << 10), (100, .seconds(9), 4 << 20), (1 << 20, .zero, 4 << 20),
    ])
    func `what comes behind a page is what comes in a third of a second`(bytes: Int, time: Duration, most: Int64) {
        var rule = BehindRule()
        rule.observe(bytes, in: time)
        #expect(rule.most == most)
    }

    @Test func `a line that has become faster carries more again`() {
        var rule = BehindRule()
        rule.observe(100_000, in: .seconds(1))
        #expect(rule.most == 64 << 10)
        rule.observe(64 << 10, in: .milliseconds(1))
        #expect(rule.most == 4 << 20)
    }
}
