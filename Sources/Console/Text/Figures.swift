import ControlAPI

/// Figures as people read them.
enum Figures {
    /// `999 B`, `1.2 kB`, `34 MB`: powers of 1,000, two digits at least.
    static func bytes(_ count: Int64) -> String {
        guard count >= 1_000 else { return "\(count) B" }
        var tenths = count / 100
        var unit = 0
        while tenths >= 10_000, unit < units.count - 1 {
            tenths /= 1_000
            unit += 1
        }
        return tenths < 100 ? "\(tenths / 10).\(tenths % 10) \(units[unit])" : "\(tenths / 10) \(units[unit])"
    }

    private static let units = ["kB", "MB", "GB", "TB", "PB"]

    /// `1 file`, `2 files`.
    static func count(_ number: Int64, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }

    /// `45 s`, `3 min`, `2 h`, `5 d`: the largest unit that fits.
    static func duration(_ seconds: Int64) -> String {
        switch seconds {
        case ..<60: "\(max(0, seconds)) s"
        case ..<3_600: "\(seconds / 60) min"
        case ..<172_800: "\(seconds / 3_600) h"
        default: "\(seconds / 86_400) d"
        }
    }

    /// `just now`, `3 min ago`; `never` for nil; the text itself if it is no time.
    static func ago(_ time: String?, _ now: Int64) -> String {
        guard let time else { return "never" }
        guard let then = Timestamp.parse(time) else { return time }
        let passed = now - then / 1_000_000_000
        return passed < 5 ? "just now" : duration(passed) + " ago"
    }

    /// `2026-01-02 03:04:05 UTC`; the text itself if it is not an RFC 3339 time in UTC.
    static func time(_ time: String) -> String {
        guard Timestamp.parse(time) != nil, time.utf8.last == UInt8(ascii: "Z") else { return time }
        return "\(time.prefix(10)) \(time.dropFirst(11).prefix(8)) UTC"
    }
}
