/// A pattern of gitignore(5), compiled: `*`, `?`, `[…]`, `**` and `\`. Matching looks at each byte of the text once,
/// whatever the pattern: one that somebody wrote to be slow cannot be.
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
    let tokens: [Token]

    private static let slash = UInt8(ascii: "/")
    private static let asterisk = UInt8(ascii: "*")
    private static let backslash = UInt8(ascii: "\\")

    /// Nil for what can never match: a `\` at the end, a `[` that nothing closes, a class that does not exist.
    init?(_ pattern: ArraySlice<UInt8>) {
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
        self.tokens = tokens
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
            // `a/**/b` matches `a/b` too.
            tokens += [.optional(3), .anything, .byte(slash)]
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
        var now = [Bool](repeating: false, count: tokens.count + 1)
        now[0] = true
        skip(&now)
        for byte in text {
            var next = [Bool](repeating: false, count: tokens.count + 1)
            var isAlive = false
            for (index, token) in tokens.enumerated() where now[index] {
                guard let to = step(index, token, byte) else { continue }
                next[to] = true
                isAlive = true
            }
            guard isAlive else { return false }
            skip(&next)
            now = next
        }
        return now[tokens.count]
    }

    /// Where one byte leads to from a token.
    private func step(_ index: Int, _ token: Token, _ byte: UInt8) -> Int? {
        switch token {
        case .byte(let wanted): byte == wanted ? index + 1 : nil
        case .one: byte != Glob.slash ? index + 1 : nil
        case .set(let set): set.contains(byte) ? index + 1 : nil
        case .star: byte != Glob.slash ? index : nil
        case .anything: index
        case .optional: nil
        }
    }

    /// Adds what is reached without a byte.
    private func skip(_ states: inout [Bool]) {
        for (index, token) in tokens.enumerated() where states[index] {
            switch token {
            case .star, .anything: states[index + 1] = true
            case .optional(let count):
                states[index + 1] = true
                states[index + count] = true
            case .byte, .one, .set: break
            }
        }
    }
}
