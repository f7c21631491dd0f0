internal import Index
package import SyncCore

/// What was done since the start, and what is left, for people.
extension Folder {
    /// What of the commit in flight has reached the hub.
    func countSent(_ sent: Inflight) {
        let there = sent.entry.flatMap { ahead.there[$0] } ?? 0
        done = done + Amount(files: 1, bytes: max((sent.content?.file?.size ?? 0) - there, 0))
        doneUnmoved += there - (sent.entry.flatMap { ahead.sentBefore[$0] } ?? 0)
    }

    /// A file is sent, or goes on being sent, and so many bytes have to move for that.
    package func begin(sending file: Travelling, travels bytes: Int64) {
        let moved = ahead.arrived[file.entry] ?? 0
        done = done + Amount(bytes: moved)
        ahead.sentBefore[file.entry, default: 0] += moved
        (ahead.arrived[file.entry], ahead.there[file.entry]) = (0, file.file.size - bytes)
    }

    /// A file has ended to come, or was cut.
    /// - Parameters:
    ///   - moved: bytes of it, since it was begun or gone on with.
    ///   - isWhole: then the rest of it was here.
    package func end(receiving node: NodeID, moved: Int64, isWhole: Bool) {
        if isWhole { doneUnmoved += (ahead.here[node] ?? 0) - (ahead.cameBefore[node] ?? 0) }
        (ahead.came[node], ahead.here[node]) = (nil, nil)
        ahead.cameBefore[node] = isWhole ? nil : (ahead.cameBefore[node] ?? 0) + moved
        countReceived(files: 0, bytes: moved)
    }

    /// Things are here as the hub has them.
    /// - Parameter bytes: that came for them.
    package func countReceived(files: Int, bytes: Int64 = 0) { done = done + Amount(files: files, bytes: bytes) }

    /// All that has moved since the start, with what has come of what is on its way.
    package var progress: Amount { Amount(files: done.files, bytes: done.bytes + onTheWay) }

    /// Bytes of what was done and is under way that did not have to move: they were there already, or are holes.
    package var spared: Int64 {
        let before = ahead.here.keys.reduce(0) { $0 + (ahead.cameBefore[$1] ?? 0) }
        return doneUnmoved + atTheirPlace - ahead.sentBefore.values.reduce(0, +) - before
    }

    /// How much waits to be sent and to come, and its bytes, without what has come of them or is here. Counts all of it: takes time where
    /// there is much.
    package func backlog() throws -> (up: Int, down: Int, bytes: Int64) {
        var backlog = try index.backlog()
        backlog.bytes = max(backlog.bytes - onTheWay - atTheirPlace, 0)
        return backlog
    }

    /// The same, both directions together.
    package func left() throws -> Amount {
        let backlog = try backlog()
        return Amount(files: backlog.up + backlog.down, bytes: backlog.bytes)
    }

    /// In bytes.
    private var onTheWay: Int64 { ahead.arrived.values.reduce(0, +) + ahead.came.values.reduce(0, +) }

    /// The same.
    private var atTheirPlace: Int64 { ahead.here.values.reduce(0, +) + ahead.there.values.reduce(0, +) }
}
