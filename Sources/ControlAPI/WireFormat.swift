import FoundationEssentials

/// How messages become JSON and back: keys sorted, no escaped slashes. Keys are in snake_case: a message with names of several words
/// spells them out in its `CodingKeys`, every field, since a coder that converts the keys takes a third longer.
/// The messages themselves are plain structs; this file and the structs are the API's one description.
package enum WireFormat {
    package static func encode(_ message: some Encodable) -> [UInt8] {
        guard let quick = message as? any QuickMessage else { return encodeByCoder(message) }
        var text = QuickText()
        quick.write(to: &text)
        return text.bytes
    }

    static func encodeByCoder(_ message: some Encodable) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // SAFETY: messages hold only strings, integers, booleans, arrays and objects, which always encode.
        return Array(try! encoder.encode(message))
    }

    /// - Throws: ``WireError`` that names the field.
    package static func decode<Message: Decodable>(_ type: Message.Type, from bytes: [UInt8]) throws(WireError)
        -> Message
    {
        if let quick = decodeQuickly(type, from: bytes, bytes.indices) { return quick }
        return try decodeByCoder(type, from: bytes)
    }

    /// Nil for what only a coder can read.
    /// - Parameter range: of the bytes.
    static func decodeQuickly<Message: Decodable>(
        _ type: Message.Type, from bytes: [UInt8], _ range: Range<Int>
    ) -> Message? {
        guard let quick = type as? any QuickMessage.Type else { return nil }
        var text = QuickScanner(bytes, range)
        guard let message = try? quick.init(from: &text), text.isAtEnd else { return nil }
        return message as? Message
    }

    static func decodeByCoder<Message: Decodable>(_ type: Message.Type, from bytes: [UInt8]) throws(WireError)
        -> Message
    {
        do {
            return try JSONDecoder().decode(type, from: Data(bytes))
        } catch let error as WireError {
            throw error
        } catch let error as DecodingError {
            throw WireError(error)
        } catch {
            throw .notJSON("\(error)")
        }
    }
}

/// Why bytes are not the message that was expected.
package enum WireError: Error, Hashable, Sendable, CustomStringConvertible {
    case notJSON(String)
    case missingField(String)
    case wrongType(field: String, expected: String)
    case badValue(field: String, reason: String)

    init(_ error: DecodingError) {
        switch error {
        case .keyNotFound(let key, let context):
            self = .missingField(WireError.path(context.codingPath + [key]))
        case .typeMismatch(let type, let context):
            self = .wrongType(field: WireError.path(context.codingPath), expected: "\(type)")
        case .valueNotFound(let type, let context):
            self = .wrongType(field: WireError.path(context.codingPath), expected: "\(type)")
        case .dataCorrupted(let context):
            self =
                context.codingPath.isEmpty
                ? .notJSON(context.debugDescription)
                : .badValue(field: WireError.path(context.codingPath), reason: context.debugDescription)
        @unknown default:
            self = .notJSON("\(error)")
        }
    }

    private static func path(_ keys: [any CodingKey]) -> String {
        keys.map { key in key.intValue.map { "[\($0)]" } ?? snakeCase(key.stringValue) }.joined(separator: ".")
    }

    private static func snakeCase(_ key: String) -> String {
        var result = ""
        for character in key {
            if character.isUppercase { result += "_" }
            result += character.lowercased()
        }
        return result
    }

    package var description: String {
        switch self {
        case .notJSON(let reason): "the body is not valid JSON: \(reason)"
        case .missingField(let field): "the field '\(field)' is missing"
        case .wrongType(let field, let expected): "the field '\(field)' has the wrong type, expected \(expected)"
        case .badValue(let field, let reason): "the field '\(field)' is wrong: \(reason)"
        }
    }
}
