@testable import SyncCore

// Names, paths, and rules for them.

extension FuzzTarget {
    /// Any bytes as a path, as text and as a name.
    static let names = FuzzTarget(name: "names", seeds: Seeds.names) { bytes in
        let text = Escaping.text(bytes)
        try promise(try Escaping.bytes(text) == bytes, "\(text) are other bytes")
        try promise(text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }, "a control character is shown")
        let shown = SafeText.name(text)
        try promise(SafeText.name(shown) == shown, "\(text) is not safe when it was made so")
        let raw = String(decoding: bytes, as: UTF8.self)
        if let plain = try? Escaping.bytes(raw) {
            try promise(try Escaping.bytes(Escaping.text(plain)) == plain, "\(raw) are other bytes")
        }
        if let path = try? RelativePath(bytes: bytes) { try check(path) }
        guard let name = try? Name(bytes) else { return }
        try check(name)
        for isFile in [true, false] {
            let copy = ConflictName.make(
                from: name, keepsExtension: isFile, date: "2026-11-21", client: "laptop", attempt: isFile ? 1 : 12)
            try check(copy)
            // Whose a copy of what looks like one is can be said in two ways.
            // By bytes: what combines with the space makes another character of it.
            let mark = Array(" (conflict ".utf8)
            if bytes.indices.contains(where: { bytes[$0...].starts(with: mark) }) { continue }
            let parts = ConflictName.parts(of: copy)
            try promise(parts?.client == "laptop" && parts?.date == "2026-11-21", "\(copy) says not whose it is")
        }
        if let parts = ConflictName.parts(of: name) { try check(parts.original) }
    }

    /// A list, and a path behind the last NUL.
    static let syncignore = FuzzTarget(name: "syncignore", seeds: Seeds.lists) { bytes in
        let end = bytes.lastIndex(of: 0) ?? bytes.count
        let list = IgnoreList(Array(bytes[..<end]), origin: .file)
        _ = list.excess
        guard let path = try? RelativePath(bytes: Array(bytes[end...].dropFirst())), let last = path.last else {
            return
        }
        var rules = DirectoryRules.top(file: list)
        for name in path.names.dropLast() { rules = rules.entering(name, file: nil) }
        for isDirectory in [true, false] {
            guard let match = rules.match(last, isDirectory: isDirectory) else { continue }
            try promise(match.line <= IgnoreList.sizeLimit, "\(match)")
            let isOver = list.lastMatch(last, path: { path.bytes }, isDirectory: isDirectory)?.isNegated == true
            let isInIgnored = rules.excluded != nil
            try promise(isInIgnored || !isOver || match.isDepth, "a rule that takes it in again counts for nothing")
        }
        // Against one that walks through the pattern, as far as that has time for it.
        for line in bytes[..<end].split(separator: UInt8(ascii: "\n")).prefix(4) where line.count <= 100 {
            for text in [last.bytes, path.bytes] where text.count <= 100 { try compare(line, text) }
        }
    }

    private static func compare(_ line: ArraySlice<UInt8>, _ text: [UInt8]) throws {
        if let tokens = Glob.tokens(of: line) {
            var steps = 0
            let found = Glob(tokens).matches(text, counting: &steps)
            try promise(steps <= text.count * (tokens.count / 64 + 1), "\(steps) steps")
            try promise(tokens.count <= 3 * line.count, "\(tokens.count) parts of \(line.count) bytes")
            try promise(found == matches(tokens, text), "\(Escaping.text(Array(line))) and \(Escaping.text(text))")
        }
        // A rule without a slash is asked about names only.
        guard let rule = IgnoreRule(line: 1, line), rule.isAnchored || !text.contains(UInt8(ascii: "/")) else { return }
        var pattern = rule.text[...]
        if rule.isNegated { pattern = pattern.dropFirst() }
        if rule.isForDirectories { pattern = pattern.dropLast() }
        if pattern.first == UInt8(ascii: "/") { pattern = pattern.dropFirst() }
        guard let tokens = Glob.tokens(of: pattern) else { throw Broken(description: "a rule without a pattern") }
        try promise(
            rule.matches(text, isDirectory: true) == matches(tokens, text),
            "the rule \(Escaping.text(rule.text)) and \(Escaping.text(text))")
    }

    /// All places of the pattern at which the text may be, one byte after the other.
    private static func matches(_ tokens: [Glob.Token], _ text: [UInt8]) -> Bool {
        func reach(_ place: Int, _ places: inout [Bool]) {
            if places[place] { return }
            places[place] = true
            guard place < tokens.count else { return }
            switch tokens[place] {
            case .star, .anything: reach(place + 1, &places)
            case .optional(let count):
                reach(place + 1, &places)
                reach(place + count, &places)
            case .byte, .one, .set: break
            }
        }
        let none = [Bool](repeating: false, count: tokens.count + 1)
        var now = none
        reach(0, &now)
        for byte in text {
            var next = none
            for place in tokens.indices where now[place] {
                switch tokens[place] {
                case .byte(let wanted): if wanted == byte { reach(place + 1, &next) }
                case .one: if byte != UInt8(ascii: "/") { reach(place + 1, &next) }
                case .set(let set): if set.contains(byte) { reach(place + 1, &next) }
                case .star: if byte != UInt8(ascii: "/") { reach(place, &next) }
                case .anything: reach(place, &next)
                case .optional: break
                }
            }
            now = next
        }
        return now[tokens.count]
    }
}
