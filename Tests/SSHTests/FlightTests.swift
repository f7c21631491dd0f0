import Testing

@testable import SSH

struct FlightTests {
    @Test func `on a slow wire no more is on its way than moves in a moment`() {
        var flight = FlightRule()
        for _ in 0..<20 { flight.moved(100_000, in: 0.1) }
        #expect(flight.window == 600_000)
        // The others on the same wire have their share too.
        for _ in 0..<20 { flight.moved(20_000, in: 0.2) }
        #expect(flight.window == FlightRule.least)
    }

    @Test(arguments: [0.001, 0.04, 0.2, 0.5])
    func `on a fast wire it is as much as there may be, whatever the round trip`(_ trip: Double) {
        var flight = FlightRule()
        for _ in 0..<20 { flight.moved(flight.window, in: trip) }
        #expect(flight.window == FlightRule.most)
    }

    @Test func `nothing that moves is no rate`() {
        var flight = FlightRule()
        flight.moved(0, in: 100)
        #expect(flight.window == FlightRule.first)
    }
}
