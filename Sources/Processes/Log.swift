import Glibc

/// The log of one part of a program, on standard error: lines of `event key=value`. How much of it is shown is decided by
/// `SYNC_TRACE=hub:debug,sshd:trace` (or `SYNC_TRACE=debug` for every part), read once; `info` if it says nothing. Any thread.
package struct Log: Sendable {
    /// From what a person must see to what only helps to find a mistake.
    package enum Level: Int, Comparable, Sendable, CaseIterable {
        case error, warning, info, debug, trace

        package static func < (a: Level, b: Level) -> Bool { a.rawValue < b.rawValue }

        init?(word: some StringProtocol) {
            guard let level = Level.allCases.first(where: { "\($0)" == word }) else { return nil }
            self = level
        }
    }

    /// What a line says beside its event, in order.
    package typealias Facts = KeyValuePairs<String, any CustomStringConvertible & Sendable>

    /// The name in `SYNC_TRACE`.
    package let part: String
    /// Lines above this level are not written.
    package let level: Level

    /// - Parameter part: the name in `SYNC_TRACE`, such as `hub`.
    package init(_ part: String) {
        self.part = part
        level = Log.level(of: part, in: Log.wanted)
    }

    /// What keeps the program from doing its job.
    package func error(_ event: String, _ facts: @autoclosure () -> Facts = [:]) { write(.error, event, facts) }
    /// What a person should look into.
    package func warning(_ event: String, _ facts: @autoclosure () -> Facts = [:]) { write(.warning, event, facts) }
    /// What happens a few times a day.
    package func info(_ event: String, _ facts: @autoclosure () -> Facts = [:]) { write(.info, event, facts) }
    /// What helps to follow one change.
    package func debug(_ event: String, _ facts: @autoclosure () -> Facts = [:]) { write(.debug, event, facts) }
    /// Every step.
    package func trace(_ event: String, _ facts: @autoclosure () -> Facts = [:]) { write(.trace, event, facts) }

    private func write(_ level: Level, _ event: String, _ facts: () -> Facts) {
        guard level <= self.level else { return }
        let line = Log.line(part, level, event, facts())
        Log.put(Array(((Log.journalAddsTime ? "" : Log.time() + " ") + line + "\n").utf8))
    }

    /// One call per line, so that lines of several threads do not mix. What cannot be written is lost: there is nobody to tell.
    private static func put(_ bytes: [UInt8]) {
        // SAFETY: the array's own length goes along.
        bytes.withUnsafeBytes { _ = Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}

extension Log {
    /// `hub info event key=value`, as one line that does nothing to a terminal.
    static func line(_ part: String, _ level: Level, _ event: String, _ facts: Facts) -> String {
        facts.reduce("\(part) \(level) \(event)") { "\($0) \($1.key)=\(shown($1.value.description))" }
    }

    /// Values with spaces, quotes or control characters come in quotes, the latter escaped.
    private static func shown(_ value: String) -> String {
        let plain = value.utf8.allSatisfy {
            $0 > 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "=")
        }
        let harmless = value.unicodeScalars.allSatisfy(isHarmless)
        return plain && harmless && !value.isEmpty ? value : "\"\(value.unicodeScalars.map(escaped).joined())\""
    }

    private static func isHarmless(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: false
        default: true
        }
    }

    private static func escaped(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\"", "\\": "\\\(scalar)"
        case "\n": "\\n"
        case _ where isHarmless(scalar): String(scalar)
        default: "\\u{\(String(scalar.value, radix: 16))}"
        }
    }

    /// What `SYNC_TRACE` says of a part: the last word for it counts, a word for every part if there is none.
    static func level(of part: String, in wanted: String) -> Level {
        var level = Level.info
        var isNamed = false
        for word in wanted.split(separator: ",") {
            let sides = word.split(separator: ":", maxSplits: 1)
            if sides.count == 2, sides[0] == part, let named = Level(word: sides[1]) {
                level = named
                isNamed = true
            } else if sides.count == 1, !isNamed, let common = Level(word: sides[0]) {
                level = common
            }
        }
        return level
    }

    private static let wanted = getenv("SYNC_TRACE").map { String(cString: $0) } ?? ""

    /// systemd's journal has a time of its own for each line.
    private static let journalAddsTime = getenv("JOURNAL_STREAM") != nil

    /// Now, RFC 3339 UTC with milliseconds.
    private static func time() -> String {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        var parts = tm()
        gmtime_r(&now.tv_sec, &parts)
        func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let millis = String(now.tv_nsec / 1_000_000 + 1000).dropFirst()
        return "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))T"
            + "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec)).\(millis)Z"
    }
}
