/// How many bytes of a connection are on their way at a time: what moves in a round trip and a fifth of a second more. On a slow
/// wire more would only wait in some router, and whatever else wants through with it; on a fast one it is as much as there may be.
/// A pure rule.
struct FlightRule {
    /// In bytes.
    private(set) var window = FlightRule.first
    private var seconds = 0.0
    private var bytes = 0
    private var last: Double?

    /// Before anything is known.
    static let first = 128 << 10
    /// At least.
    static let least = 64 << 10
    /// At most: what libssh2 reads ahead with the largest block.
    static let most = 4 << 20
    /// So many seconds' worth waits somewhere beside what a round trip needs. What is saved on one machine meets it twice, on its way
    /// to the hub and from there, when a large file is on both.
    private static let waiting = 0.2
    /// The rate is taken when all that may be on its way has been replaced, and of so much time; or of so much in any case. Bytes
    /// come in bursts.
    private static let stretch = (least: 0.1, most: 1.0)

    /// Nothing was on its way until now.
    /// - Parameter now: seconds.
    mutating func begin(at now: Double) { last = now }

    /// Who takes what comes was busy with it: that is no time of the wire.
    /// - Parameter seconds: since the last bytes came.
    mutating func rest(_ seconds: Double) { last = last.map { $0 + seconds } }

    /// - Parameters:
    ///   - count: bytes that were acknowledged, or have come.
    ///   - now: seconds.
    ///   - trip: a round trip when nothing is in the way, in seconds.
    mutating func moved(_ count: Int, at now: Double, trip: Double) {
        seconds += now - (last ?? now)
        last = now
        bytes += count
        guard bytes >= window && seconds >= FlightRule.stretch.least || seconds >= FlightRule.stretch.most else {
            return
        }
        let wanted = Double(bytes) / seconds * (trip + FlightRule.waiting)
        window = Int(min(max(wanted, Double(FlightRule.least)), Double(FlightRule.most)))
        (seconds, bytes) = (0, 0)
    }
}
