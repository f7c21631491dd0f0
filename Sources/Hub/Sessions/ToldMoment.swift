/// When a session told something. Of two sessions' records only those are in a known order between which all sockets were read to
/// their ends. Pure.
struct ToldMoment: Hashable, Sendable {
    var session: SessionID
    /// Grows with each record.
    var number: Int64
    /// How often all sockets had been read to their ends.
    var round: Int64

    /// Nil where nobody knows.
    func isBefore(_ other: ToldMoment) -> Bool? {
        if session == other.session { return number < other.number }
        if round + 1 < other.round { return true }
        return other.round + 1 < round ? false : nil
    }
}
