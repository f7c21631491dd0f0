/// What a value must look like. A value that does not is wrong usage, found before the program does anything.
package enum ValueKind: Sendable {
    /// UTF-8.
    case text
    /// Any bytes: paths and names of files.
    case bytes
    /// `90s`, `2h`, `1d12h`; a number without a unit is seconds.
    case duration
    /// A whole number from 0 up.
    case count
    /// A TCP port, 0 to 65535 (0: any that is free).
    case port
    /// One of these words.
    case choice([String])
    /// Words between commas, none of them empty.
    case list
}

/// A value of one kind, after it was found to be right.
enum Value: Equatable, Sendable {
    case flag
    case text(String)
    case bytes([UInt8])
    case seconds(Int64)
    case count(Int64)
    case port(UInt16)
    case list([String])
}

extension ValueKind {
    /// - Parameter owner: the option or argument, for the message.
    func parse(_ bytes: [UInt8], for owner: String) throws(UsageProblem) -> Value {
        if case .bytes = self { return .bytes(bytes) }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw UsageProblem("\(owner): '\(shown(bytes))' is not UTF-8")
        }
        guard let value = parse(text) else { throw UsageProblem("\(owner): \(expected), not '\(shown(bytes))'") }
        return value
    }

    private func parse(_ text: String) -> Value? {
        switch self {
        case .text, .bytes: .text(text)
        case .duration: parseDuration(text).map(Value.seconds)
        case .count: digits(text).map(Value.count)
        case .port: digits(text).flatMap(UInt16.init(exactly:)).map(Value.port)
        case .choice(let words): words.contains(text) ? .text(text) : nil
        case .list: list(text)
        }
    }

    private var expected: String {
        switch self {
        case .text, .bytes: "expected text"
        case .duration: "expected a duration such as 90s, 15m, 2h or 1d12h"
        case .count: "expected a whole number from 0 up"
        case .port: "expected a port from 0 to 65535"
        case .choice(let words): "expected " + words.map { "'\($0)'" }.joined(separator: " or ")
        case .list: "expected words between commas"
        }
    }

    private func list(_ text: String) -> Value? {
        let words = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        return words.contains("") ? nil : .list(words)
    }
}

/// Decimal digits only: `Int64(_:)` alone would take a sign.
private func digits(_ text: some StringProtocol) -> Int64? {
    text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ? Int64(text) : nil
}

/// A span of time as a person writes it, in seconds: `90s`, `15m`, `2h`, `7d`, `2w`, from the larger unit to the
/// smaller (`1d12h`), or a bare number of seconds. Nil if it is not one, or does not fit into 64 bits.
package func parseDuration(_ text: String) -> Int64? {
    if let seconds = digits(text) { return seconds }
    var rest = text[...]
    var total: Int64 = 0
    var larger = Int64.max
    while !rest.isEmpty {
        let number = rest.prefix { $0.isASCII && $0.isNumber }
        rest = rest.dropFirst(number.count)
        guard let count = digits(number), let unit = rest.popFirst().flatMap(secondsPerUnit), unit < larger
        else { return nil }
        let (part, partOverflow) = count.multipliedReportingOverflow(by: unit)
        let (sum, sumOverflow) = total.addingReportingOverflow(part)
        guard !partOverflow, !sumOverflow else { return nil }
        total = sum
        larger = unit
    }
    return text.isEmpty ? nil : total
}

private func secondsPerUnit(_ unit: Character) -> Int64? {
    switch unit {
    case "s": 1
    case "m": 60
    case "h": 3_600
    case "d": 86_400
    case "w": 604_800
    default: nil
    }
}
