internal import ControlAPI

/// How much a client may ask for: a store of units that fills by itself, and from which each request takes what it costs. Pure.
struct Allowance: Sendable {
    /// Units in a second that go on for ever. One is about what the smallest question costs, so that one client keeps the hub's thread
    /// busy for less than half of the time.
    static let rate = 1_000.0
    /// Units that may be used at once.
    static let most = 20_000.0
    private(set) var left = Allowance.most
    /// What was left when least was.
    private(set) var least = Allowance.most
    private var since: Double

    /// - Parameter now: in seconds of any clock that never goes back.
    init(at now: Double) { since = now }

    /// - Returns: nil if there was enough, which is taken; otherwise the seconds after which there is.
    mutating func take(_ units: Double, at now: Double) -> Double? {
        left = min(Allowance.most, left + max(0, now - since) * Allowance.rate)
        since = now
        let units = min(units, Allowance.most)
        guard left < units else {
            left -= units
            least = min(least, left)
            return nil
        }
        return (units - left) / Allowance.rate
    }
}

extension Route {
    /// What a request costs, in units of an ``Allowance``.
    /// - Parameter body: its length in bytes: what is read and understood counts, whatever it is.
    func units(body: Int) -> Double { own + Double(body) / 16_384 }

    private var own: Double {
        switch self {
        case .changes, .report, .prepare, .offer, .paths: 1
        case .commit, .extents, .recipe, .layOut: 2
        // Each looks at every client, or at all that is open.
        case .openAPI, .status, .clients, .why, .conflicts, .held, .pause, .resume, .limit, .approve, .reject: 4
        // A wait wakes every client; the others read much.
        case .hello, .snapshot, .holds, .wait, .unsynced, .staged, .history, .log: 20
        // Keys are made, the list of keys is written, sessions are ended.
        case .join, .rotate, .invite, .revoke: 100
        }
    }
}
