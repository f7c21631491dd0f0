/// Keeps what others named from steering the terminal. The API's names come escaped already (``Escaping``);
/// this takes care of what is valid UTF-8 and yet no text: C0 and C1 controls, line separators, and the marks that
/// turn the direction of what follows.
package enum SafeText {
    /// Each unsafe character as `\xHH` for each of its bytes, as names are escaped everywhere.
    package static func name(_ text: String) -> String {
        replacing(text) { scalar in String(scalar).utf8.map { "\\x" + Escaping.hex($0) }.joined() }
    }

    /// The same JSON, with unsafe characters written as `\uHHHH`. They can stand only inside its strings.
    package static func json(_ text: String) -> String {
        replacing(text) { scalar in
            "\\u" + Escaping.hex(UInt8(scalar.value >> 8)) + Escaping.hex(UInt8(scalar.value & 0xFF))
        }
    }

    private static func replacing(_ text: String, _ escape: (Unicode.Scalar) -> String) -> String {
        guard text.unicodeScalars.contains(where: isUnsafe) else { return text }
        return text.unicodeScalars.map { isUnsafe($0) ? escape($0) : String($0) }.joined()
    }

    private static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x00...0x1F, 0x7F...0x9F, 0x061C, 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x2069: true
        default: false
        }
    }
}
