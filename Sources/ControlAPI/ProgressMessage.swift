import SyncCore

/// How far a client is with what there was to do since it was in sync the last time, both directions together.
package struct ProgressMessage: Codable, Hashable, Sendable {
    /// Files, and their bytes.
    package struct Part: Codable, Hashable, Sendable {
        /// Moves and deletions count too.
        package var files: Int
        /// Of files whose contents travel.
        package var bytes: Int64

        fileprivate init(_ amount: Amount) { (files, bytes) = (amount.files, amount.bytes) }
    }
    /// What was sent, or has come.
    package var done: Part
    /// What waits, or is on its way: at most.
    package var left: Part
    /// Bytes a second over the last few seconds; nil if nothing moved.
    package var rate: Int64?
    /// Seconds left if it goes on like that; nil if that cannot be told.
    package var seconds: Int64?

    /// Nil while nothing waits.
    package init?(_ progress: Progress) {
        if progress.isOver { return nil }
        done = Part(progress.done)
        left = Part(progress.left)
        rate = progress.rate
        seconds = progress.secondsLeft
    }

    /// What is wrong with it; nil if it can be so.
    package var problem: String? {
        let numbers = [Int64(done.files), done.bytes, Int64(left.files), left.bytes, rate ?? 0, seconds ?? 0]
        return numbers.allSatisfy((0...ProgressMessage.most).contains)
            ? nil : "the field 'progress' has a number that is below zero, or more than there can be"
    }

    private static let most = Int64.max / 4

    /// `12 of 340 files, 1.2 GB of 3.4 GB, 56 MB/s, 40 s left`
    package var text: String {
        let files = "\(done.files) of \(Figures.count(Int64(done.files + left.files), "file"))"
        let bytes = "\(Figures.bytes(done.bytes)) of \(Figures.bytes(done.bytes + left.bytes))"
        let rate = rate.map { "\(Figures.bytes($0))/s" }
        let time = seconds.map { "\(Figures.duration($0)) left" }
        return [files, bytes, rate, time].compactMap { $0 }.joined(separator: ", ")
    }
}
