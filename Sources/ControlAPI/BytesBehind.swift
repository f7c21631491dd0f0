/// What came behind a message: see ``MessageWithBytes``.
package struct BytesBehind: Sendable {
    private let body: [UInt8]
    /// Where they begin in it.
    private let start: Int

    /// - Parameters:
    ///   - body: message and bytes.
    ///   - start: where the bytes begin.
    package init(body: [UInt8], start: Int) {
        self.body = body
        self.start = start
    }

    /// Some of them; nil if they are not there.
    package func bytes(at offset: Int64, count: Int64) -> ArraySlice<UInt8>? {
        let there = Int64(body.count - start)
        guard offset >= 0, count >= 0, offset <= there, count <= there - offset else { return nil }
        return body[start + Int(offset)..<start + Int(offset + count)]
    }
}
