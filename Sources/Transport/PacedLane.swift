internal import SSH

/// A lane's share of a ``Pacer``.
struct PacedLane: Pace {
    let pacer: Pacer
    /// Waits as long as somebody waits who does not carry bulk.
    let isBulk: Bool

    /// See ``Pace/take(upTo:isCancelled:)``.
    func take(upTo wanted: Int, isCancelled: () -> Bool) -> Int {
        pacer.take(upTo: wanted, isBulk: isBulk, isCancelled: isCancelled)
    }

    /// See ``Pace/giveBack(_:)``.
    func giveBack(_ count: Int) { pacer.giveBack(count) }
}
