/// How many columns of a terminal a text takes (Unicode Standard Annex #11, and what terminals do with emoji).
enum DisplayWidth {
    static func of(_ text: String) -> Int { text.reduce(0) { $0 + of($1) } }

    /// A character is as wide as the widest of its scalars: combining marks and joiners add nothing.
    private static func of(_ character: Character) -> Int {
        let scalars = character.unicodeScalars
        if scalars.contains(emojiVariation) { return 2 }
        return scalars.map(of).max() ?? 0
    }

    private static let emojiVariation = Unicode.Scalar(0xFE0F as UInt32)!  // SAFETY: a valid scalar.

    private static func of(_ scalar: Unicode.Scalar) -> Int {
        if scalar.value < 0x300 { return scalar.value == 0 ? 0 : 1 }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format, .control: return 0
        default: break
        }
        return scalar.properties.isEmojiPresentation || isWide(scalar.value) ? 2 : 1
    }

    private static func isWide(_ value: UInt32) -> Bool { wide.contains { $0.contains(value) } }

    /// The blocks of East_Asian_Width W and F (EastAsianWidth.txt), without the emoji, which Swift knows itself.
    private static let wide: [ClosedRange<UInt32>] = [
        0x1100...0x115F, 0x2329...0x232A, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0xA4CF,
        0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE10...0xFE19, 0xFE30...0xFE6F, 0xFF00...0xFF60,
        0xFFE0...0xFFE6, 0x16FE0...0x18DFF, 0x1AFF0...0x1B2FF, 0x1F200...0x1F265, 0x20000...0x3FFFD,
    ]
}
