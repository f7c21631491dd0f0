internal import CXXHash

/// XXH3 with 128 bits over bytes that come in parts: fast, and no match for who wants two contents to look alike. It finds what
/// may be equal; a SHA-256 says what is. Used again after ``finish()``. One thread at a time.
package struct Fingerprinter: ~Copyable {
    private let state: OpaquePointer

    /// Has seen no bytes yet.
    package init() {
        guard let state = XXH3_createState() else { preconditionFailure("no memory for the state of a hash") }
        self.state = state
        reset()
    }

    deinit { XXH3_freeState(state) }

    /// Takes in the next bytes; they are only read during the call.
    package func update(_ bytes: UnsafeRawBufferPointer) {
        let ok = XXH3_128bits_update(state, bytes.baseAddress, bytes.count)
        precondition(ok == XXH_OK, "xxhash refused to hash")
    }

    /// Of all bytes since the last call: both halves. It begins anew.
    package func finish() -> (high: UInt64, low: UInt64) {
        let hash = XXH3_128bits_digest(state)
        reset()
        return (hash.high64, hash.low64)
    }

    private func reset() {
        let ok = XXH3_128bits_reset(state)
        precondition(ok == XXH_OK, "xxhash refused to begin")
    }
}
