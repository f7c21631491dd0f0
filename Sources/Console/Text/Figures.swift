import ControlAPI
import SyncCore

/// Times as people read them.
extension Figures {
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
