/// RFC 3339 times, read without a calendar library.
enum Timestamp {
    /// Unix seconds (fractions dropped) of `2026-01-02T03:04:05Z`, also with a fraction or an offset; nil for anything else.
    static func seconds(_ text: String) -> Int64? {
        let bytes = Array(text.utf8)
        guard bytes.count >= 20, bytes[4] == dash, bytes[7] == dash, bytes[10] | 0x20 == UInt8(ascii: "t"),
            bytes[13] == colon, bytes[16] == colon,
            let year = number(bytes[0..<4]), let month = number(bytes[5..<7]), let day = number(bytes[8..<10]),
            let hour = number(bytes[11..<13]), let minute = number(bytes[14..<16]), let second = number(bytes[17..<19]),
            (1...12).contains(month), (1...31).contains(day), let offset = offset(bytes[19...])
        else { return nil }
        return days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second - offset
    }

    private static let dash = UInt8(ascii: "-")
    private static let colon = UInt8(ascii: ":")

    private static func number(_ digits: ArraySlice<UInt8>) -> Int64? {
        guard digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
        return digits.reduce(0) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
    }

    /// Seconds east of UTC, from `Z`, `.123Z` or `+02:00`.
    private static func offset(_ rest: ArraySlice<UInt8>) -> Int64? {
        var rest = rest
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst().drop { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        }
        guard let sign = rest.first else { return nil }
        if sign | 0x20 == UInt8(ascii: "z") { return rest.count == 1 ? 0 : nil }
        let zone = Array(rest.dropFirst())
        guard sign == UInt8(ascii: "+") || sign == dash, zone.count == 5, zone[2] == colon,
            let hours = number(zone[0..<2]), let minutes = number(zone[3..<5])
        else { return nil }
        return (hours * 3_600 + minutes * 60) * (sign == dash ? -1 : 1)
    }

    /// Days from 1970-01-01 in the Gregorian calendar (Howard Hinnant, "chrono-compatible low-level date algorithms").
    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let year = month <= 2 ? year - 1 : year
        let era = year / 400
        let yearOfEra = year - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}
