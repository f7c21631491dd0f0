import SyncCore

/// An answer with bytes behind it: the message as JSON, which has no line break in it, a line feed, and the bytes as they are.
package enum MessageWithBytes {
    /// How such an answer is told from a message alone.
    package static let contentType = "application/octet-stream"

    /// The whole body.
    package static func encode(_ message: some Encodable, _ bytes: [UInt8]) -> [UInt8] {
        WireFormat.encode(message) + [lineFeed] + bytes
    }

    /// - Returns: the message, and where the bytes begin in the body.
    /// - Throws: ``WireError``.
    package static func decode<Message: Decodable>(
        _ type: Message.Type, from body: [UInt8]
    ) throws(WireError) -> (message: Message, bytesFrom: Int) {
        guard let end = body.firstIndex(of: lineFeed) else { throw .notJSON("a line feed is missing behind it") }
        return (try WireFormat.decode(type, from: Array(body[..<end])), end + 1)
    }

    private static let lineFeed: UInt8 = 0x0A
}
