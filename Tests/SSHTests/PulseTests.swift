import Testing

@testable import SSH

@Suite struct PulseTests {
    @Test func `a channel for signs of life that waits its turn does not keep the loop awake`() {
        let late = TunnelPulse(TunnelWire(socket: -1), interval: .zero, patience: .seconds(60))
        #expect(late.deadline.milliseconds > 10_000)
        // It is opened when the tunnel has lived for a moment.
        let early = TunnelPulse(TunnelWire(socket: -1), interval: .seconds(60), patience: .seconds(60))
        #expect((1...1_001).contains(early.deadline.milliseconds))
    }
}
