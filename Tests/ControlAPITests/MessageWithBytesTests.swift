import ControlAPI
import Testing

/// Bytes behind a message.
@Suite struct MessageWithBytesTests {
    @Test func `bytes come back as they were, also those that look like a message`() throws {
        let bytes = Array("\n{}\n".utf8) + [0, 255]
        let body = MessageWithBytes.encode(LayOutResponse(file: "", offsets: [0, -1]), bytes)
        let (message, start) = try MessageWithBytes.decode(LayOutResponse.self, from: body)
        #expect(message.offsets == [0, -1])
        #expect(Array(body[start...]) == bytes)
    }

    @Test func `a message without a line feed behind it is refused`() {
        let body = WireFormat.encode(LayOutResponse(file: "a", offsets: []))
        #expect(throws: WireError.self) { try MessageWithBytes.decode(LayOutResponse.self, from: body) }
    }
}
