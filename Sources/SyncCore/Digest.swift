/// The SHA-256 of a content (FIPS 180-4): its name.
package struct Digest: Hashable, Comparable, Sendable {
    // Four words rather than an array: a million of them cost no heap.
    private let words: (UInt64, UInt64, UInt64, UInt64)

    /// - Parameter bytes: exactly 32.
    package init?(bytes: some Collection<UInt8>) {
        guard bytes.count == Digest.size else { return nil }
        self.init(bytes: Array(bytes))
    }

    /// The same for an array, which is what tables give: not through an iterator of another room's type.
    package init?(bytes: [UInt8]) {
        guard bytes.count == Digest.size else { return nil }
        func word(at first: Int) -> UInt64 {
            var word: UInt64 = 0
            for index in first..<first + 8 { word = word << 8 | UInt64(bytes[index]) }
            return word
        }
        words = (word(at: 0), word(at: 8), word(at: 16), word(at: 24))
    }

    /// - Parameter hex: exactly 64 hexadecimal digits.
    package init?(hex: String) {
        let digits = Array(hex.utf8)
        guard digits.count == Digest.size * 2 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Digest.size)
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let high = Escaping.hexValue(digits[index]), let low = Escaping.hexValue(digits[index + 1])
            else { return nil }
            bytes.append(high << 4 | low)
        }
        self.init(bytes: bytes)
    }

    /// In bytes.
    package static let size = 32

    /// The content of no bytes.
    package static let empty = Digest(  // SAFETY: 64 digits.
        hex: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")!

    /// As stored and sent: ``size`` bytes.
    package var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Digest.size)
        func append(_ word: UInt64) {
            for byte in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: word >> (56 - 8 * UInt64(byte)))) }
        }
        append(words.0)
        append(words.1)
        append(words.2)
        append(words.3)
        return bytes
    }

    /// For people and for JSON: 64 lower-case digits.
    package var hex: String { Escaping.hex(bytes) }

    package static func == (a: Digest, b: Digest) -> Bool { a.words == b.words }
    package static func < (a: Digest, b: Digest) -> Bool { a.words < b.words }
    package func hash(into hasher: inout Hasher) {
        hasher.combine(words.0)
        hasher.combine(words.1)
    }
}

extension Digest: CustomStringConvertible {
    package var description: String { hex }
}
