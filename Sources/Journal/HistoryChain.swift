internal import Hashing
import SyncCore

/// Binds each row of the history to all rows before it, so that a flipped byte or a row of another journal shows.
enum HistoryChain {
    /// The value before the first change.
    static func start(epoch: String) -> [UInt8] { sha256(Array("synchub journal \(epoch)\n".utf8)) }

    /// SHA-256(the value before, the record in ``Encoder``'s form, in which no two records look the same).
    static func next(after previous: [UInt8], _ record: HistoryRecord) -> [UInt8] {
        var encoder = Encoder()
        encoder.bytes(previous)
        encoder.record(record)
        return sha256(encoder.data)
    }
}
