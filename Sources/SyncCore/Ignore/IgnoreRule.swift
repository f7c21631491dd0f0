/// One line of a list of ignore rules, as gitignore(5) reads it.
struct IgnoreRule: Hashable, Sendable {
    /// How the pattern is compared; the frequent shapes without walking through a pattern.
    enum Shape: Hashable, Sendable {
        case literal([UInt8])
        case prefix([UInt8])
        case suffix([UInt8])
        case glob(Glob, first: UInt8?)
    }
    /// As it stands in the list, for people.
    let text: [UInt8]
    /// From 1.
    let line: Int
    /// `!`: what matches is not ignored.
    let isNegated: Bool
    /// A slash at the end: directories only.
    let isForDirectories: Bool
    /// A slash at the beginning or in the middle: it is compared with the path below the list's directory, otherwise
    /// with the name.
    let isAnchored: Bool
    let shape: Shape

    /// Nil for a comment, a blank line, and for what can never match.
    init?(line number: Int, _ bytes: ArraySlice<UInt8>) {
        guard bytes.first != UInt8(ascii: "#") else { return nil }
        var pattern = IgnoreRule.withoutTrailingSpaces(bytes)
        text = Array(pattern)
        line = number
        isNegated = pattern.first == UInt8(ascii: "!")
        if isNegated { pattern = pattern.dropFirst() }
        isForDirectories = pattern.last == IgnoreRule.slash
        if isForDirectories { pattern = pattern.dropLast() }
        isAnchored = pattern.contains(IgnoreRule.slash)
        if pattern.first == IgnoreRule.slash { pattern = pattern.dropFirst() }
        guard !pattern.isEmpty, let tokens = Glob.tokens(of: pattern) else { return nil }
        shape = IgnoreRule.shape(of: tokens, isAnchored: isAnchored)
    }

    private static let slash = UInt8(ascii: "/")

    /// Spaces at the end do not count, unless a `\` stands before them.
    private static func withoutTrailingSpaces(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var spaces: Int?
        var at = bytes.startIndex
        while at < bytes.endIndex {
            switch bytes[at] {
            case UInt8(ascii: " "): spaces = spaces ?? at
            case UInt8(ascii: "\\"):
                at += 1
                if at == bytes.endIndex { return bytes }
                spaces = nil
            default: spaces = nil
            }
            at += 1
        }
        return spaces.map { bytes[..<$0] } ?? bytes
    }

    private static func shape(of all: [Glob.Token], isAnchored: Bool) -> Shape {
        func bytes(_ tokens: ArraySlice<Glob.Token>) -> [UInt8]? {
            var found: [UInt8] = []
            for token in tokens {
                guard case .byte(let byte) = token else { return nil }
                found.append(byte)
            }
            return found
        }
        if let name = bytes(all[...]) { return .literal(name) }
        if !isAnchored, all.first == .star, let tail = bytes(all.dropFirst()) { return .suffix(tail) }
        if !isAnchored, all.last == .star, let head = bytes(all.dropLast()) { return .prefix(head) }
        if case .byte(let first)? = all.first { return .glob(Glob(all), first: first) }
        return .glob(Glob(all), first: nil)
    }

    /// - Parameter text: the path below the list's directory if ``isAnchored``, otherwise the name.
    func matches(_ text: [UInt8], isDirectory: Bool) -> Bool {
        if isForDirectories, !isDirectory { return false }
        switch shape {
        case .literal(let wanted): return text == wanted
        case .prefix(let head): return text.starts(with: head)
        case .suffix(let tail): return text.count >= tail.count && text.suffix(tail.count).elementsEqual(tail)
        case .glob(let glob, let first):
            if let first, text.first != first { return false }
            return glob.matches(text)
        }
    }
}
