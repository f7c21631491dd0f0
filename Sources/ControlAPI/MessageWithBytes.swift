import SyncCore

/// An answer, or a request, with bytes behind it: the message as JSON, which has no line break in it, a line feed, and the bytes as they are.
package enum MessageWithBytes {
    /// How such an answer is told from a message alone.
    package static let contentType = "application/octet-stream"

    /// So many bytes come behind a message at most: the connection carries others too.
    package static let most: Int64 = 4 << 20

    /// The whole body.
    package static func encode(_ message: some Encodable, _ bytes: [UInt8]) -> [UInt8] {
        join(WireFormat.encode(message), bytes)
    }

    /// The same for a message that is JSON already.
    package static func join(_ message: [UInt8], _ bytes: [UInt8]) -> [UInt8] {
        var body: [UInt8] = []
        body.reserveCapacity(message.count + 1 + bytes.count)
        body += message
        body.append(lineFeed)
        body += bytes
        return body
    }

    /// - Returns: the message, and where the bytes begin in the body.
    /// - Throws: ``WireError``.
    package static func decode<Message: Decodable>(
        _ type: Message.Type, from body: [UInt8]
    ) throws(WireError) -> (message: Message, bytesFrom: Int) {
        guard let end = body.firstIndex(of: lineFeed) else { throw .notJSON("a line feed is missing behind it") }
        if let quick = WireFormat.decodeQuickly(type, from: body, 0..<end) { return (quick, end + 1) }
        return (try WireFormat.decodeByCoder(type, from: Array(body[..<end])), end + 1)
    }

    private static let lineFeed: UInt8 = 0x0A
}
