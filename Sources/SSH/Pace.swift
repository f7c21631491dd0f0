/// Who says when how many bytes of files may move. Any thread.
package protocol Pace: Sendable {
    /// Blocks until some bytes may move.
    /// - Parameters:
    ///   - wanted: how many at most, at least one.
    ///   - isCancelled: asked now and then while it blocks.
    /// - Returns: how many: at least one, unless it was cancelled.
    func take(upTo wanted: Int, isCancelled: () -> Bool) -> Int
    /// So many of those that were taken have not moved.
    func giveBack(_ count: Int)
}
