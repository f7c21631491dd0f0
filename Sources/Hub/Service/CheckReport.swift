internal import ControlAPI

/// One thing that `synchub check` looked at.
struct Finding: Hashable, Sendable, Encodable {
    enum Level: String, Encodable, Sendable, Comparable {
        /// As it should be.
        case good
        /// It works, but a person should know.
        case note
        /// The hub does not work, or not safely.
        case wrong

        private var rank: Int { self == .good ? 0 : self == .note ? 1 : 2 }
        static func < (a: Level, b: Level) -> Bool { a.rank < b.rank }
    }

    /// What was looked at: `host`, `config`, `files`, `network`, `journal`, `share`.
    let area: String
    let level: Level
    /// What was found, a sentence.
    let text: String
    /// What to do about it.
    let next: String?

    static func good(_ area: String, _ text: String) -> Finding {
        Finding(area: area, level: .good, text: text, next: nil)
    }
    static func note(_ area: String, _ text: String, _ next: String) -> Finding {
        Finding(area: area, level: .note, text: text, next: next)
    }
    static func wrong(_ area: String, _ text: String, _ next: String) -> Finding {
        Finding(area: area, level: .wrong, text: text, next: next)
    }
}

/// What `synchub check` found.
struct CheckReport: Hashable, Sendable {
    let findings: [Finding]

    /// Whether nothing is wrong; notes do not count.
    var isGood: Bool { !findings.contains { $0.level == .wrong } }

    /// For people: what is wrong comes last, where the eye is.
    var text: String {
        let lines = findings.enumerated()
            .sorted { ($0.element.level, $0.offset) < ($1.element.level, $1.offset) }
            .map { CheckReport.line($0.element) }
        return (lines + [summary]).joined(separator: "\n")
    }

    /// `{"ok","findings":[{"area","level","text","next"}]}`
    var json: String {
        struct Message: Encodable {
            let ok: Bool
            let findings: [Finding]
        }
        return String(decoding: WireFormat.encode(Message(ok: isGood, findings: findings)), as: UTF8.self)
    }

    private static func line(_ finding: Finding) -> String {
        let mark =
            switch finding.level {
            case .good: "ok   "
            case .note: "note "
            case .wrong: "WRONG"
            }
        return "\(mark) \(finding.area): \(finding.text)" + (finding.next.map { "\n      -> \($0)" } ?? "")
    }

    private var summary: String {
        let wrong = findings.count { $0.level == .wrong }
        return wrong == 0 ? "Nothing is wrong." : wrong == 1 ? "One thing is wrong." : "\(wrong) things are wrong."
    }
}
