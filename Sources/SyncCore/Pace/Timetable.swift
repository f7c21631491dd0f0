/// How many bytes a second may move, by the time of day: `512k`, `off`, or `08:00,512k 23:00,off`.
package struct Timetable: Hashable, Sendable, CustomStringConvertible {
    /// From a minute of the day on.
    private struct Entry: Hashable {
        /// 0 to 1,439, local time.
        var minute: Int
        /// Bytes a second; nil for as many as there can be.
        var rate: Int64?
    }
    /// By minute, at least one; before the first one of the day the last one holds.
    private var entries: [Entry]

    /// No limit at any time.
    package static let off = Timetable(entries: [Entry(minute: 0, rate: nil)])

    /// What a limit is at least, in bytes a second: below it, nothing would ever seem to move.
    package static let lowest: Int64 = 1_024

    private init(entries: [Entry]) { self.entries = entries }

    /// - Throws: ``TimetableError``, which says what is wrong with the text.
    package init(_ text: String) throws(TimetableError) {
        let words = text.split(separator: " ")
        if words.count == 1, !words[0].contains(",") {
            entries = [Entry(minute: 0, rate: try Timetable.rate(words[0]))]
            return
        }
        var entries: [Entry] = []
        for word in words {
            let parts = word.split(separator: ",", omittingEmptySubsequences: false)
            guard parts.count == 2 else { throw TimetableError("'\(word)' is no TIME,RATE such as 08:00,512k") }
            let minute = try Timetable.minute(parts[0])
            if entries.contains(where: { $0.minute == minute }) {
                throw TimetableError("\(parts[0]) stands there twice")
            }
            entries.append(Entry(minute: minute, rate: try Timetable.rate(parts[1])))
        }
        if entries.isEmpty { throw TimetableError("it is empty; 'off' is no limit") }
        self.entries = entries.sorted { $0.minute < $1.minute }
    }

    /// - Parameter minute: of the day, 0 to 1,439.
    /// - Returns: bytes a second; nil for no limit.
    package func rate(at minute: Int) -> Int64? {
        (entries.last { $0.minute <= minute } ?? entries[entries.count - 1]).rate
    }

    /// Whether there is no limit at any time.
    package var isOff: Bool { entries.allSatisfy { $0.rate == nil } }

    /// What ``init(_:)`` reads.
    package var description: String {
        if entries.count == 1 { return Timetable.text(entries[0].rate) }
        return entries.map { "\(Timetable.time($0.minute)),\(Timetable.text($0.rate))" }.joined(separator: " ")
    }

    // MARK: - Words

    private static let units: [(letter: Character, bytes: Int64)] = [("G", 1 << 30), ("M", 1 << 20), ("k", 1 << 10)]

    private static func rate(_ text: Substring) throws(TimetableError) -> Int64? {
        if text == "off" { return nil }
        let unit = text.last.flatMap { last in units.first { $0.letter.lowercased() == last.lowercased() } }
        let digits = unit == nil ? text : text.dropLast()
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let number = Int64(digits)
        else { throw TimetableError("'\(text)' is no rate such as 512k, 2M (bytes a second) or off") }
        let (rate, isTooMuch) = number.multipliedReportingOverflow(by: unit?.bytes ?? 1)
        if isTooMuch { throw TimetableError("'\(text)' is more than there can be; 'off' is no limit") }
        if rate < lowest {
            throw TimetableError("'\(text)' is less than 1k, the lowest limit; to stop a client altogether, pause it")
        }
        return rate
    }

    private static func text(_ rate: Int64?) -> String {
        guard let rate else { return "off" }
        let unit = units.first { rate % $0.bytes == 0 }
        return unit.map { "\(rate / $0.bytes)\($0.letter)" } ?? "\(rate)"
    }

    private static func minute(_ text: Substring) throws(TimetableError) -> Int {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, (1...2).contains(parts[0].count), parts[1].count == 2, let hours = UInt8(parts[0]),
            let minutes = UInt8(parts[1]), hours < 24, minutes < 60
        else { throw TimetableError("'\(text)' is no time of the day such as 08:00") }
        return Int(hours) * 60 + Int(minutes)
    }

    private static func time(_ minute: Int) -> String {
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(two(minute / 60)):\(two(minute % 60))"
    }
}

/// What is wrong with a timetable.
package struct TimetableError: Error, Hashable, CustomStringConvertible {
    /// A sentence for a person.
    package let description: String

    init(_ description: String) { self.description = description }
}
