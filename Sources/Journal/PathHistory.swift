import SyncCore

/// What has become of one path: each content that lay there, and each deletion, oldest first.
package struct PathHistory: Hashable, Sendable {
    /// One of them.
    package struct Entry: Hashable, Sendable {
        /// The change that made the content, or took it away.
        package var record: HistoryRecord
        /// Whether it is what lies at the path now.
        package var isCurrent: Bool
        /// Whether its bytes can be had: they lie in `versions/`, or some live file has them. What has no bytes is known as it was.
        package var isThere: Bool

        package init(record: HistoryRecord, isCurrent: Bool, isThere: Bool) {
            self.record = record
            self.isCurrent = isCurrent
            self.isThere = isThere
        }
    }
    /// Oldest first.
    package var entries: [Entry]
}

/// A node that was at a path, and until when.
struct Tenure: Hashable, Sendable {
    /// Which node.
    var node: NodeID
    /// The change since when it was there, at the earliest.
    var from: Sequence
    /// The change that took it away, or a directory above it; nil: it is there.
    var until: Sequence?

    /// Newest first.
    static func isNewer(_ one: Tenure, _ other: Tenure) -> Bool {
        (one.until?.rawValue ?? .max, one.node.rawValue) > (other.until?.rawValue ?? .max, other.node.rawValue)
    }
}
