/// A set of byte values: what `[…]` in a pattern stands for.
struct ByteSet: Hashable, Sendable {
    private var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    /// Holds the bytes that `contains` says.
    init(where contains: (UInt8) -> Bool = { _ in false }) {
        for byte in UInt8.min ... .max where contains(byte) { insert(byte) }
    }

    mutating func insert(_ byte: UInt8) {
        let bit = UInt64(1) << UInt64(byte & 63)
        switch byte >> 6 {
        case 0: words.0 |= bit
        case 1: words.1 |= bit
        case 2: words.2 |= bit
        default: words.3 |= bit
        }
    }

    func contains(_ byte: UInt8) -> Bool {
        let word =
            switch byte >> 6 {
            case 0: words.0
            case 1: words.1
            case 2: words.2
            default: words.3
            }
        return word >> UInt64(byte & 63) & 1 == 1
    }

    static func == (a: ByteSet, b: ByteSet) -> Bool { a.words == b.words }

    func hash(into hasher: inout Hasher) {
        hasher.combine(words.0)
        hasher.combine(words.1)
        hasher.combine(words.2)
        hasher.combine(words.3)
    }
}

extension ByteSet {
    /// The bytes of `[:alpha:]` and the like, of ASCII only; nil for a class that does not exist.
    static func named(_ name: ArraySlice<UInt8>) -> ByteSet? {
        switch String(decoding: name, as: UTF8.self) {
        case "alnum": ByteSet { isAlpha($0) || isDigit($0) }
        case "alpha": ByteSet(where: isAlpha)
        case "blank": ByteSet { $0 == 0x20 || $0 == 0x09 }
        case "cntrl": ByteSet { $0 < 0x20 || $0 == 0x7F }
        case "digit": ByteSet(where: isDigit)
        case "graph": ByteSet { (0x21...0x7E).contains($0) }
        case "lower": ByteSet { (0x61...0x7A).contains($0) }
        case "print": ByteSet { (0x20...0x7E).contains($0) }
        case "punct": ByteSet { (0x21...0x7E).contains($0) && !isAlpha($0) && !isDigit($0) }
        case "space": ByteSet { $0 == 0x20 || (0x09...0x0D).contains($0) }
        case "upper": ByteSet { (0x41...0x5A).contains($0) }
        case "xdigit": ByteSet { isDigit($0) || (0x41...0x46).contains($0) || (0x61...0x66).contains($0) }
        default: nil
        }
    }

    private static func isAlpha(_ byte: UInt8) -> Bool { (0x41...0x5A).contains(byte & 0xDF) }
    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}
