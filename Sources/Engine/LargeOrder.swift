package import SyncCore

/// Which large content goes first: small before large, by classes so that a little difference does not count, and among
/// those that are about equal what was changed last. A pure decision; the index can tell it by itself
/// (`FolderIndex.largeArrivals`).
package enum LargeOrder {
    /// Whether one goes before another.
    /// - Parameters:
    ///   - id: any number of its own, where all else is equal.
    package static func precedes(_ one: FileContent, _ id: Int64, _ two: FileContent, _ otherID: Int64) -> Bool {
        let (a, b) = (sizeClass(one.size), sizeClass(two.size))
        if a != b { return a < b }
        return (two.mtime, id) < (one.mtime, otherID)
    }

    /// Each is four times as wide as the one before.
    private static func sizeClass(_ size: Int64) -> Int { (Int64.bitWidth - max(size, 1).leadingZeroBitCount) / 2 }
}
