/// A list of ignore rules: one `.syncignore` file, the machine's own list, or what is built in. Later lines win.
package struct IgnoreList: Hashable, Sendable {
    /// Where a list comes from.
    package enum Origin: Hashable, Sendable {
        case builtIn
        /// `ignore` in agent.json5: this machine only.
        case machine
        /// A `.syncignore` file.
        case file
        /// No list: ``TreeLimits``.
        case depth
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

    /// What of it does not hold, as a sentence; nil if all does. What a rule beyond keeps back nobody knows: as if `*` stood at its
    /// end, nothing goes on in its directory and below until somebody has shortened it.
    package let excess: String?
    /// How many bytes of rules were read.
    let size: Int

    /// The name of the files that hold rules.
    package static let fileName = try! Name(".syncignore")  // SAFETY: a constant that is a name.
    /// Of a file, in bytes: what is beyond is no rule. Anybody who may write a file may make all others compare with it.
    package static let sizeLimit = 64 << 10
    /// Rules of a file at most.
    package static let ruleLimit = 1_000
    /// Of one rule of a file, in bytes.
    package static let lineLimit = 1_024

    /// Of the lists from the top of a tree down to a directory, in bytes: what lies beside them takes nothing of that.
    static let totalLimit = 4 << 20
    /// In the place of a list for which nothing of that is left.
    static let withoutRoom = IgnoreList(
        [], origin: .file,
        because: "none of it holds: with those above it there are more than \(totalLimit) bytes of rules")
    /// In the place of a list that cannot be read for the moment.
    package static let unreadable = IgnoreList([], origin: .file, because: "it cannot be read", until: "it can be")

    /// Parses the bytes of a file. Never fails: what is no rule matches nothing.
    /// - Parameter bytes: of a file that is longer than ``sizeLimit``, at least one byte more than that.
    package init(_ bytes: [UInt8], origin: Origin) { self.init(bytes, origin: origin, because: nil) }

    /// - Parameters:
    ///   - reason: why it does not hold, if that is known.
    ///   - end: when it will.
    private init(_ bytes: [UInt8], origin: Origin, because reason: String?, until end: String = "it is shorter") {
        let isLimited = origin == .file
        let isCut = isLimited && bytes.count > IgnoreList.sizeLimit
        var bytes = bytes[...]
        if isCut {
            // The last line is a whole one.
            let end = bytes[..<IgnoreList.sizeLimit].lastIndex(of: UInt8(ascii: "\n")) ?? 0
            bytes = bytes[..<end]
        }
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes = bytes.dropFirst(3) }
        var rules: [IgnoreRule] = []
        size = bytes.count
        var excess = isCut ? "only the first \(IgnoreList.sizeLimit) bytes of it are rules" : reason
        /// The first line that does not hold, if it is not the one behind the last.
        var firstBeyond: Int?
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            let line = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
            if isLimited, line.count > IgnoreList.lineLimit, line.first != UInt8(ascii: "#") {
                excess = "line \(index + 1) does not hold: a rule has at most \(IgnoreList.lineLimit) bytes"
                firstBeyond = firstBeyond ?? index + 1
                continue
            }
            guard let rule = IgnoreRule(line: index + 1, line) else { continue }
            if isLimited, rules.count == IgnoreList.ruleLimit {
                excess = "only the first \(IgnoreList.ruleLimit) rules of it hold, up to line \(index)"
                firstBeyond = firstBeyond ?? index + 1
                break
            }
            rules.append(rule)
        }
        if excess != nil, let all = IgnoreRule(line: firstBeyond ?? lines.count + 1, [UInt8(ascii: "*")][...]) {
            rules.append(all)
        }
        self.excess = excess.map { "\($0); until \(end), nothing in its directory and below is synced" }
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
