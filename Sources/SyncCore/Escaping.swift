/// Bytes as text and back, without loss: valid UTF-8 stands as it is, a backslash doubled, and every byte that is
/// not part of valid UTF-8, and every control character, as `\xHH`. Used on the wire and wherever a name is shown.
package enum Escaping {
    /// Bytes as text; the same text never stands for two different runs of bytes.
    package static func text(_ bytes: [UInt8]) -> String {
        // What most names are made of.
        if bytes.allSatisfy({ $0 >= 0x20 && $0 < 0x7F && $0 != backslash }) {
            return String(decoding: bytes, as: UTF8.self)
        }
        var text = ""
        var rest = bytes[...]
        while let first = rest.first {
            let width = characterWidth(rest)
            if width == 0 || first < 0x20 || first == 0x7F {
                text += "\\x" + hex(first)
                rest = rest.dropFirst()
            } else if first == backslash {
                text += "\\\\"
                rest = rest.dropFirst()
            } else {
                text += String(decoding: rest.prefix(width), as: UTF8.self)
                rest = rest.dropFirst(width)
            }
        }
        return text
    }

    /// The reverse of ``text(_:)``; also takes text that needed no escapes.
    package static func bytes(_ text: String) throws(NameError) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let first = rest.popFirst() {
            guard first == backslash else {
                bytes.append(first)
                continue
            }
            switch rest.popFirst() {
            case backslash: bytes.append(backslash)
            case UInt8(ascii: "x"):
                guard let high = rest.popFirst().flatMap(hexValue), let low = rest.popFirst().flatMap(hexValue)
                else { throw .badEscape }
                bytes.append(high << 4 | low)
            default: throw .badEscape
            }
        }
        return bytes
    }

    /// Whether `text(bytes)` differs from the bytes read as UTF-8, so that a reader needs the escapes to tell them.
    package static func isPlain(_ bytes: [UInt8]) -> Bool { Array(text(bytes).utf8) == bytes }

    private static let backslash = UInt8(ascii: "\\")

    /// The width in bytes of the well-formed UTF-8 character at the start, 0 if there is none (Unicode, table 3-7).
    private static func characterWidth(_ bytes: ArraySlice<UInt8>) -> Int {
        guard let first = bytes.first else { return 0 }
        let second = bytes.dropFirst().first ?? 0
        let width: Int
        switch first {
        case 0x00...0x7F: return 1
        case 0xC2...0xDF: width = 2
        case 0xE0: width = (0xA0...0xBF).contains(second) ? 3 : 0
        case 0xED: width = (0x80...0x9F).contains(second) ? 3 : 0
        case 0xE1...0xEF: width = 3
        case 0xF0: width = (0x90...0xBF).contains(second) ? 4 : 0
        case 0xF4: width = (0x80...0x8F).contains(second) ? 4 : 0
        case 0xF1...0xF3: width = 4
        default: return 0
        }
        guard width > 0, bytes.count >= width,
            bytes.dropFirst().prefix(width - 1).allSatisfy({ $0 & 0xC0 == 0x80 })
        else { return 0 }
        return width
    }

    /// Two lower-case digits.
    package static func hex(_ byte: UInt8) -> String { hex([byte]) }

    /// Two lower-case digits for each byte.
    package static func hex(_ bytes: [UInt8]) -> String {
        var digits: [UInt8] = []
        digits.reserveCapacity(2 * bytes.count)
        for byte in bytes {
            digits.append(digit(byte >> 4))
            digits.append(digit(byte & 15))
        }
        return String(decoding: digits, as: UTF8.self)
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }

    /// The value of a digit of either case; nil for any other byte.
    package static func hexValue(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
