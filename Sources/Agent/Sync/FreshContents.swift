internal import Processes
internal import SyncCore

/// Bytes of small files that were just read to be hashed, so that who sends them need not read them again. By digest: whatever has
/// become of the file since, these are the bytes that the digest speaks of. Bounded; what is not here is read. Any thread.
final class FreshContents: Sendable {
    private struct State {
        var new: [Digest: [UInt8]] = [:]
        /// Of the round before.
        var old: [Digest: [UInt8]] = [:]
        /// Of ``new``, in bytes.
        var size: Int64 = 0
    }
    private let state = Monitor(State())

    /// Of one file, in bytes.
    static let largest: Int64 = 64 << 10
    /// Of one round, in bytes.
    private static let most: Int64 = 8 << 20

    /// Another round of reading begins: what nobody took for a whole round goes.
    func begin() {
        state.withLock { state in
            state.old = state.new
            state.new = [:]
            state.size = 0
        }
    }

    func keep(_ bytes: [UInt8], _ digest: Digest) {
        state.withLock { state in
            guard state.size + Int64(bytes.count) <= FreshContents.most else { return }
            if state.new.updateValue(bytes, forKey: digest) == nil { state.size += Int64(bytes.count) }
        }
    }

    /// Nil for what is not here.
    func take(_ digest: Digest) -> [UInt8]? {
        state.withLock { state in
            if let bytes = state.new.removeValue(forKey: digest) {
                state.size -= Int64(bytes.count)
                return bytes
            }
            return state.old.removeValue(forKey: digest)
        }
    }
}
