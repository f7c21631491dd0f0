/// Which mood a seed has. Those that came later have seeds of their own, so that a seed stays the history that it was.
extension Mood {
    /// The first seed that may have any mood.
    static let firstOfAll: UInt64 = 1_000_000
    private static let classic: [Mood] = [.chaos, .alone, .turns, .apart, .clocks]
    private static let later: [Mood] = allCases.filter { $0 != .crowded && !classic.contains($0) }

    static func ofSeed(_ seed: UInt64) -> Mood {
        // Half of all histories are crowded, since rules are for meetings, and meetings are rare otherwise.
        if seed % 2 == 0, seed < firstOfAll || seed % 4 == 0 { return .crowded }
        let others = seed % 2 == 0 ? later : classic
        return others[Int(seed / (seed % 2 == 0 ? 4 : 2) % UInt64(others.count))]
    }
}
