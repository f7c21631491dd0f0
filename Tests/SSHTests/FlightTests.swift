import Testing

@testable import SSH

struct FlightTests {
    /// A wire that takes a number of bytes a second from a queue, and a round trip beside.
    private func settled(_ rate: Double, trip: Double, block: Int = 30_000) -> Int {
        var flight = FlightRule()
        var now = 0.0
        flight.begin(at: now)
        for _ in 0..<400 {
            // A window at a time, which comes back as a burst where the wire is not the bound.
            let window = flight.window
            now += max(trip, Double(window) / rate) - Double(window) / rate
            for start in stride(from: 0, to: window, by: block) {
                let count = min(block, window - start)
                now += Double(count) / rate
                flight.moved(count, at: now, trip: trip)
            }
        }
        return flight.window
    }

    @Test(arguments: [0.3e6, 1e6, 2e6, 5e6])
    func `on a slow wire no more is on its way than moves in a moment`(_ rate: Double) {
        #expect((Int(rate * 0.2)...Int(rate * 0.3)).contains(settled(rate, trip: 0.04)))
    }

    @Test(arguments: [0.0, 0.04, 0.2, 0.8])
    func `on a fast wire it is as much as there may be, whatever the round trip`(_ trip: Double) {
        #expect(settled(300e6, trip: trip) == FlightRule.most)
    }

    @Test func `it is never too little to find out more, and time without anything on its way does not count`() {
        var flight = FlightRule()
        flight.begin(at: 0)
        for second in 1...10 { flight.moved(10, at: Double(second), trip: 0) }
        #expect(flight.window == FlightRule.least)
        flight.begin(at: 10_000)
        for tick in 1...20 { flight.moved(100_000, at: 10_000 + Double(tick) / 10, trip: 0) }
        #expect((150_000...250_000).contains(flight.window))
    }

    @Test func `time in which a disk takes what has come is not the wire's`() {
        func settled(disk: Double, rests: Bool) -> Int {
            var flight = FlightRule()
            var now = 0.0
            flight.begin(at: now)
            for _ in 0..<400 {
                now += 0.01
                flight.moved(100_000, at: now, trip: 0.04)
                now += disk
                if rests { flight.rest(disk) }
            }
            return flight.window
        }
        let fast = settled(disk: 0, rests: true)
        #expect(abs(fast - settled(disk: 0.2, rests: true)) < 10)
        #expect(fast > 10 * settled(disk: 0.2, rests: false))
    }

    @Test func `the round trip is the shortest one, and a route that becomes longer is noticed`() {
        var trip = TripRule()
        #expect(trip.seconds == 0)
        trip.took(0.05, at: 0, isAlone: false)
        trip.took(0.03, at: 1, isAlone: true)
        trip.took(0.04, at: 2, isAlone: true)
        #expect(trip.seconds == 0.03)
        // With bytes in the way it tells only of what is shorter.
        for minute in 1...9 { trip.took(0.4, at: Double(minute) * 60 + 2, isAlone: false) }
        #expect(trip.seconds == 0.03)
        trip.took(0.02, at: 600, isAlone: false)
        #expect(trip.seconds == 0.02)
        // Once may be an accident.
        trip.took(0.2, at: 700, isAlone: true)
        #expect(trip.seconds == 0.02)
        trip.took(0.21, at: 720, isAlone: true)
        trip.took(0.2, at: 761, isAlone: true)
        #expect(trip.seconds == 0.2)
        trip.took(0.02, at: 762, isAlone: true)
        #expect(trip.seconds == 0.02)
    }
}
