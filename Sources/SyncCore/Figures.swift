/// Figures as people read them.
package enum Figures {
    /// `999 B`, `1.2 kB`, `34 MB`: powers of 1,000, two digits at least.
    package static func bytes(_ count: Int64) -> String {
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
    package static func count(_ number: Int64, _ noun: String) -> String {
        "\(number) \(noun)\(number == 1 ? "" : "s")"
    }

    /// `45 s`, `3 min`, `2 h`, `5 d`: the largest unit that fits.
    package static func duration(_ seconds: Int64) -> String {
        switch seconds {
        case ..<60: "\(max(0, seconds)) s"
        case ..<3_600: "\(seconds / 60) min"
        case ..<172_800: "\(seconds / 3_600) h"
        default: "\(seconds / 86_400) d"
        }
    }
}
