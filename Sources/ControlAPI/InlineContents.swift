import SyncCore

/// Small contents that travel in a message itself, as base64: a commit then needs no file in staging, and a client that is told of a change
/// need not fetch it. On a slow way that is most of what an edit takes; of many files it would be more bytes, and more work, than a
/// pack.
package enum InlineContents {
    /// Of one content, in bytes.
    package static let largest: Int64 = 16 << 10
    /// All contents of a message together, in bytes.
    package static let most: Int64 = 64 << 10

    /// Whether contents of these sizes may travel in one message, in bytes.
    package static func fit(_ sizes: some Swift.Sequence<Int64>) -> Bool {
        var total: Int64 = 0
        for size in sizes {
            if size > largest { return false }
            total += size
            if total > most { return false }
        }
        return true
    }
}

/// A content in a message.
package struct InlineContent: Codable, Hashable, Sendable {
    /// What its bytes are: 64 hexadecimal digits.
    package var sha256: String
    /// Its bytes, base64 with padding.
    package var bytes: String

    package init(_ digest: Digest, _ bytes: [UInt8]) {
        sha256 = digest.hex
        self.bytes = Base64.text(bytes)
    }

    /// The bytes, if they have this size and are not too many. Whether they have the digest is not looked at. Nil if not.
    package func bytes(of size: Int64) -> [UInt8]? {
        guard size <= InlineContents.largest, let found = Base64.bytes(bytes), Int64(found.count) == size else {
            return nil
        }
        return found
    }
}
