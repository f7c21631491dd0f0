/// A list of ignore rules: one `.syncignore` file, the machine's own list, or what is built in. Later lines win.
package struct IgnoreList: Hashable, Sendable {
    /// Where a list comes from.
    package enum Origin: Hashable, Sendable {
        case builtIn
        /// `ignore` in agent.json5: this machine only.
        case machine
        /// A `.syncignore` file.
        case file
    }
    /// Where it comes from.
    package let origin: Origin
    private let rules: [IgnoreRule]
    /// Rules that are one name, by it; the last line first.
    private let literals: [[UInt8]: [Int]]
    /// All others, the last line first.
    private let others: [Int]
    /// Whether a path is needed to compare with.
    let hasAnchored: Bool

    /// The name of the files that hold rules.
    package static let fileName = try! Name(".syncignore")  // SAFETY: a constant that is a name.
    /// In bytes: a longer file is no list of rules.
    package static let sizeLimit = 1 << 20

    /// Parses the bytes of a file. Never fails: what is no rule matches nothing.
    package init(_ bytes: [UInt8], origin: Origin) {
        var bytes = bytes[...]
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes = bytes.dropFirst(3) }
        var rules: [IgnoreRule] = []
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            let line = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
            if let rule = IgnoreRule(line: index + 1, line) { rules.append(rule) }
        }
        self.origin = origin
        self.rules = rules
        var literals: [[UInt8]: [Int]] = [:]
        var others: [Int] = []
        for (index, rule) in rules.enumerated().reversed() {
            if case .literal(let name) = rule.shape, !rule.isAnchored {
                literals[name, default: []].append(index)
            } else {
                others.append(index)
            }
        }
        self.literals = literals
        self.others = others
        hasAnchored = rules.contains(where: \.isAnchored)
    }

    /// A list of patterns, as a configuration has it.
    package init(patterns: [String], origin: Origin) {
        self.init(Array(patterns.joined(separator: "\n").utf8), origin: origin)
    }

    /// The last rule that matches.
    /// - Parameter path: below the list's directory; only asked for if a rule needs it.
    func lastMatch(_ name: Name, path: () -> [UInt8], isDirectory: Bool) -> IgnoreRule? {
        let literal = literals[name.bytes]?.first { !rules[$0].isForDirectories || isDirectory }
        let below = hasAnchored ? path() : []
        for index in others {
            if let literal, index < literal { break }
            let rule = rules[index]
            if rule.matches(rule.isAnchored ? below : name.bytes, isDirectory: isDirectory) { return rule }
        }
        return literal.map { rules[$0] }
    }
}
