internal import Engine
internal import SyncCore

/// Which large content goes first: small before large, by classes so that a little difference does not count, and among
/// those that are about equal what was changed last. A pure decision.
enum BulkOrder {
    /// Sorted, the first one first.
    static func sorted(_ files: [Travelling]) -> [Travelling] {
        files.sorted { one, two in
            let (a, b) = (sizeClass(one.file.size), sizeClass(two.file.size))
            if a != b { return a < b }
            return (two.file.mtime, one.entry.rawValue) < (one.file.mtime, two.entry.rawValue)
        }
    }

    /// Whether one goes before another of which so many bytes are left: only what is done in a small part of the time that the
    /// other needs, so that never many are under way.
    static func overtakes(_ size: Int64, _ left: Int64) -> Bool { size <= left / 4 }

    /// Each is four times as wide as the one before.
    private static func sizeClass(_ size: Int64) -> Int { (Int64.bitWidth - max(size, 1).leadingZeroBitCount) / 2 }
}
