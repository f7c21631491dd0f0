import SyncCore

/// Times on the wire: RFC 3339, UTC, such as `2026-11-21T02:06:48Z`. Pure arithmetic on the proleptic Gregorian calendar,
/// no time zones and no leap seconds (as Unix time has none).
package enum Timestamp {
    /// - Parameter time: Unix nanoseconds. What is below a second is left out.
    package static func text(_ time: Nanoseconds) -> String {
        let seconds = floorDivide(time, perSecond)
        let day = floorDivide(seconds, perDay)
        let (year, month, dayOfMonth) = date(fromDay: day)
        let second = seconds - day * perDay
        let clock = "\(padded(second / 3600)):\(padded(second / 60 % 60)):\(padded(second % 60))"
        return "\(padded(year, 4))-\(padded(month))-\(padded(dayOfMonth))T\(clock)Z"
    }

    /// The day alone, such as `2026-11-21`.
    package static func day(_ time: Nanoseconds) -> String { String(text(time).prefix(10)) }

    /// Reads what ``text(_:)`` writes, also with a fraction of a second, an offset (`+02:00`) or small letters
    /// (RFC 3339 §5.6).
    /// - Returns: Unix nanoseconds; nil for what is not such a time, or is outside of 1678 to 2261.
    package static func parse(_ text: String) -> Nanoseconds? {
        var reader = Reader(rest: Array(text.utf8)[...])
        guard let year = reader.number(4), reader.take("-"), let month = reader.number(2), reader.take("-"),
            let dayOfMonth = reader.number(2), reader.takeAny("Tt "), let clock = reader.clock(),
            let fraction = reader.fraction(), let offset = reader.offset(), reader.rest.isEmpty,
            (1678...2261).contains(year), (1...12).contains(month),
            (1...daysIn(month, of: year)).contains(dayOfMonth)
        else { return nil }
        let seconds = day(year, month, dayOfMonth) * perDay + clock - offset
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: perSecond)
        return overflow ? nil : whole + fraction
    }

    private static let perSecond: Int64 = 1_000_000_000
    private static let perDay: Int64 = 86_400

    private static func floorDivide(_ value: Int64, _ divisor: Int64) -> Int64 {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }

    private static func padded(_ value: Int64, _ width: Int = 2) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}

// The calendar: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms" (days_from_civil, civil_from_days). Years
// begin in March there, so that the leap day is the last; 400 years have 146,097 days.
extension Timestamp {
    private static func day(_ year: Int64, _ month: Int64, _ dayOfMonth: Int64) -> Int64 {
        let year = month <= 2 ? year - 1 : year
        let era = floorDivide(year, 400)
        let yearOfEra = year - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + dayOfMonth - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func date(fromDay day: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = day + 719_468
        let era = floorDivide(shifted, 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth + (shiftedMonth < 10 ? 3 : -9)
        return (
            yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        )
    }

    private static func daysIn(_ month: Int64, of year: Int64) -> Int64 {
        day(month == 12 ? year + 1 : year, month == 12 ? 1 : month + 1, 1) - day(year, month, 1)
    }
}

extension Timestamp {
    /// Takes a text apart from the left.
    private struct Reader {
        var rest: ArraySlice<UInt8>

        mutating func takeAny(_ wanted: String) -> Bool {
            guard let first = rest.first, wanted.utf8.contains(first) else { return false }
            rest.removeFirst()
            return true
        }

        mutating func take(_ wanted: String) -> Bool { takeAny(wanted) }

        /// Exactly `count` digits.
        mutating func number(_ count: Int) -> Int64? {
            let digits = rest.prefix(count)
            guard digits.count == count, digits.allSatisfy(Reader.isDigit) else { return nil }
            rest = rest.dropFirst(count)
            return digits.reduce(0) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
        }

        /// Seconds of the day.
        mutating func clock() -> Int64? {
            guard let hour = number(2), take(":"), let minute = number(2), take(":"), let second = number(2),
                hour < 24, minute < 60, second < 60
            else { return nil }
            return hour * 3600 + minute * 60 + second
        }

        /// Nanoseconds; 0 if there is none. Digits after the ninth are dropped.
        mutating func fraction() -> Int64? {
            guard take(".") else { return 0 }
            let digits = rest.prefix(while: Reader.isDigit)
            rest = rest.dropFirst(digits.count)
            if digits.isEmpty { return nil }
            let nine = Array(digits.prefix(9)) + Array(repeating: UInt8(ascii: "0"), count: max(0, 9 - digits.count))
            return nine.reduce(0) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
        }

        /// Seconds east of UTC.
        mutating func offset() -> Int64? {
            if takeAny("Zz") { return 0 }
            let isWest = rest.first == UInt8(ascii: "-")
            guard takeAny("+-"), let hour = number(2), take(":"), let minute = number(2), hour < 24, minute < 60
            else { return nil }
            return (isWest ? -1 : 1) * (hour * 3600 + minute * 60)
        }

        private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
    }
}
