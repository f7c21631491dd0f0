/// How many bytes of a connection are on their way at a time: what moves in a little more than half a second. On a slow wire more
/// would only wait in some router, and whatever else wants through with it; on a fast one it is as much as there may be. A pure
/// rule.
struct FlightRule {
    /// In bytes.
    private(set) var window = FlightRule.first
    private var seconds = 0.0
    private var bytes = 0

    /// Before anything is known.
    static let first = 512 << 10
    /// At least.
    static let least = 64 << 10
    /// At most: what libssh2 reads ahead with the largest block.
    static let most = 4 << 20
    /// Worth of bytes.
    private static let worth = 0.6
    /// The rate is taken of so much time in which bytes moved.
    private static let stretch = 0.2

    /// - Parameters:
    ///   - count: bytes that were acknowledged, or have come.
    ///   - seconds: how long that was waited for.
    mutating func moved(_ count: Int, in seconds: Double) {
        self.seconds += seconds
        bytes += count
        // Twice what may be on its way: it was too little, however long it took.
        guard self.seconds >= FlightRule.stretch || bytes >= 2 * window, bytes > 0 else { return }
        let rate = Double(bytes) / max(self.seconds, 1e-6)
        window = min(max(Int(min(rate * FlightRule.worth, 1e9)), FlightRule.least), FlightRule.most)
        (self.seconds, bytes) = (0, 0)
    }
}
