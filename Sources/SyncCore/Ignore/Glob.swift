/// A pattern of gitignore(5), compiled: `*`, `?`, `[…]`, `**` and `\`. All that a pattern may be at is a bit of a few
/// words: matching looks at each byte of the text once and does the same for each word, whatever the pattern, so that one
/// that somebody wrote to be slow cannot be.
struct Glob: Hashable, Sendable {
    /// One thing that a pattern asks for.
    enum Token: Hashable, Sendable {
        case byte(UInt8)
        /// `?`: one byte that is no slash.
        case one
        case set(ByteSet)
        /// `*`: any number of bytes that are no slash.
        case star
        /// `**`: any number of bytes.
        case anything
        /// What follows may be left out: this many tokens from here.
        case optional(Int)
    }

    /// Which row of ``advance`` is a byte's.
    private let rows: [UInt8]
    /// For each row the tokens that its bytes are what is asked for, as bits of ``words`` words.
    private let advance: [UInt64]
    /// Tokens that stay where they are at any byte, and at any byte but a slash.
    private let staying: [UInt64]
    private let stayingInName: [UInt64]
    /// Tokens that are passed without a byte, and those with which two more are.
    private let passing: [UInt64]
    private let optional: [UInt64]
    /// How many tokens there are.
    private let end: Int

    private var words: Int { staying.count }

    /// What a pattern asks for, one after the other.
    init(_ tokens: [Token]) {
        end = tokens.count
        let words = end / 64 + 1
        func bits(_ isOne: (Token) -> Bool) -> [UInt64] {
            var bits = [UInt64](repeating: 0, count: words)
            for (index, token) in tokens.enumerated() where isOne(token) { bits[index / 64] |= 1 << UInt64(index % 64) }
            return bits
        }
        staying = bits { $0 == .anything }
        stayingInName = bits { $0 == .anything || $0 == .star }
        passing = bits { if case .optional = $0 { true } else { $0 == .anything || $0 == .star } }
        optional = bits { if case .optional = $0 { true } else { false } }
        var wanted = [UInt64](repeating: 0, count: 256 * words)
        for (index, token) in tokens.enumerated() {
            func want(_ byte: UInt8) { wanted[Int(byte) * words + index / 64] |= 1 << UInt64(index % 64) }
            switch token {
            case .byte(let byte): want(byte)
            case .one: for byte in UInt8.min ... .max where byte != Glob.slash { want(byte) }
            case .set(let set): for byte in UInt8.min ... .max where set.contains(byte) { want(byte) }
            case .star, .anything, .optional: break
            }
        }
        // Most bytes are in no pattern, and share the row of NUL, which is in no name.
        var rows = [UInt8](repeating: 0, count: 256)
        var advance = Array(wanted[..<words])
        for byte in 1...255 {
            let row = wanted[byte * words..<(byte + 1) * words]
            if row.elementsEqual(advance[..<words]) { continue }
            rows[byte] = UInt8(advance.count / words)
            advance += row
        }
        self.rows = rows
        self.advance = advance
    }

    // MARK: - Reading a pattern

    private static let slash = UInt8(ascii: "/")
    private static let asterisk = UInt8(ascii: "*")
    private static let backslash = UInt8(ascii: "\\")

    /// What a pattern asks for. Nil for what can never match: a `\` at the end, a `[` that nothing closes, a class that does
    /// not exist.
    static func tokens(of pattern: ArraySlice<UInt8>) -> [Token]? {
        var tokens: [Token] = []
        var at = pattern.startIndex
        while at < pattern.endIndex {
            switch pattern[at] {
            case Glob.backslash:
                at += 1
                guard at < pattern.endIndex else { return nil }
                tokens.append(.byte(pattern[at]))
                at += 1
            case UInt8(ascii: "?"):
                tokens.append(.one)
                at += 1
            case Glob.asterisk: Glob.stars(pattern, &at, &tokens)
            case UInt8(ascii: "["):
                guard let set = Glob.set(pattern, &at) else { return nil }
                tokens.append(.set(set))
            case let byte:
                tokens.append(.byte(byte))
                at += 1
            }
        }
        return tokens
    }

    /// `**` counts as such between slashes and at the ends only; elsewhere more than one are as one.
    private static func stars(_ pattern: ArraySlice<UInt8>, _ at: inout Int, _ tokens: inout [Token]) {
        let start = at
        while at < pattern.endIndex, pattern[at] == asterisk { at += 1 }
        let rest = pattern[at...]
        let isAfterSlash = start == pattern.startIndex || pattern[start - 1] == slash
        guard at - start > 1, isAfterSlash,
            rest.isEmpty || rest.first == slash || rest.starts(with: [backslash, slash])
        else { return tokens.append(.star) }
        if rest.first == slash {
            // `a/**/b` matches `a/b` too. Twice in a row is as once, so that what follows is never another one.
            let several: [Token] = [.optional(3), .anything, .byte(slash)]
            if !tokens.suffix(3).elementsEqual(several) { tokens += several }
            at += 1
        } else {
            tokens.append(.anything)
        }
    }

    /// - Parameter at: the `[`; afterwards what follows the `]`.
    private static func set(_ pattern: ArraySlice<UInt8>, _ at: inout Int) -> ByteSet? {
        func byte(_ index: Int) -> UInt8? { index < pattern.endIndex ? pattern[index] : nil }
        var set = ByteSet()
        at += 1
        let isNegated = byte(at) == UInt8(ascii: "!") || byte(at) == UInt8(ascii: "^")
        if isNegated { at += 1 }
        // What a range begins with; nil after a range or a class.
        var before: UInt8?
        // A `]` right at the beginning stands for itself.
        repeat {
            guard var current = byte(at) else { return nil }
            if current == UInt8(ascii: "-"), let first = before, let next = byte(at + 1), next != UInt8(ascii: "]") {
                at += 1
                var last = next
                if last == backslash {
                    at += 1
                    guard let escaped = byte(at) else { return nil }
                    last = escaped
                }
                if first <= last { for each in first...last { set.insert(each) } }
                before = nil
            } else if current == UInt8(ascii: "["), byte(at + 1) == UInt8(ascii: ":"),
                let end = pattern[(at + 2)...].firstIndex(of: UInt8(ascii: "]")), end > at + 2,
                pattern[end - 1] == UInt8(ascii: ":")
            {
                guard let named = ByteSet.named(pattern[(at + 2)..<(end - 1)]) else { return nil }
                for each in UInt8.min ... .max where named.contains(each) { set.insert(each) }
                at = end
                before = nil
            } else {
                if current == backslash {
                    at += 1
                    guard let escaped = byte(at) else { return nil }
                    current = escaped
                }
                set.insert(current)
                before = current
            }
            at += 1
        } while byte(at) != UInt8(ascii: "]")
        at += 1
        return ByteSet { $0 != slash && set.contains($0) != isNegated }
    }

    // MARK: - Matching

    /// Whether all of the text matches.
    func matches(_ text: [UInt8]) -> Bool {
        var steps = 0
        return matches(text, counting: &steps)
    }

    /// - Parameter steps: grows by the words that were looked at: for each byte as many as 64 tokens fill one.
    func matches(_ text: [UInt8], counting steps: inout Int) -> Bool {
        var now = [UInt64](repeating: 0, count: words)
        now[0] = 1
        pass(&now)
        for byte in text {
            steps += words
            let row = Int(rows[Int(byte)]) * words
            let stays = byte == Glob.slash ? staying : stayingInName
            var carry: UInt64 = 0
            var isAlive = false
            for word in 0..<words {
                let moving = now[word] & advance[row + word]
                now[word] = now[word] & stays[word] | moving << 1 | carry
                carry = moving >> 63
                if now[word] != 0 { isAlive = true }
            }
            guard isAlive else { return false }
            pass(&now)
        }
        return now[end / 64] >> UInt64(end % 64) & 1 == 1
    }

    /// Adds what is reached without a byte. Once is enough: three tokens from an optional one, and behind a star, is none
    /// that is optional (see ``stars(_:_:_:)``).
    private func pass(_ now: inout [UInt64]) {
        var leaving: UInt64 = 0
        var passed: UInt64 = 0
        for word in 0..<words {
            let left = now[word] & optional[word]
            now[word] |= left << 1 | left << 3 | leaving
            leaving = left >> 63 | left >> 61
            let going = now[word] & passing[word] & ~optional[word]
            now[word] |= going << 1 | passed
            passed = going >> 63
        }
    }
}
