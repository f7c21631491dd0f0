/// A message of which one request or answer has thousands. It is written without a coder, in the same bytes as a coder gives, and read
/// without one if it is in just these bytes: keys in their order, no spaces, no escapes. Anything else is read by a coder, which also
/// says what is wrong. A coder takes ten times as long.
protocol QuickMessage: Codable {
    func write(to text: inout QuickText)
    init(from text: inout QuickScanner) throws(NotQuick)
}

/// It is not in the bytes that are read quickly.
struct NotQuick: Error {}

/// JSON that is being written.
struct QuickText {
    private(set) var bytes: [UInt8] = []
    private var isFirst = true

    mutating func object(_ body: (inout QuickText) -> Void) {
        bytes.append(UInt8(ascii: "{"))
        isFirst = true
        body(&self)
        bytes.append(UInt8(ascii: "}"))
        isFirst = false
    }

    mutating func key(_ key: StaticString) {
        if !isFirst { bytes.append(UInt8(ascii: ",")) }
        isFirst = false
        put("\"")
        put(key)
        put("\":")
    }

    mutating func field(_ name: StaticString, _ value: String?) {
        guard let value else { return }
        key(name)
        string(value)
    }

    mutating func field(_ name: StaticString, _ value: (some FixedWidthInteger)?) {
        guard let value else { return }
        key(name)
        number(Int64(value))
    }

    mutating func field(_ name: StaticString, _ value: Bool?) {
        guard let value else { return }
        key(name)
        put(value ? "true" : "false")
    }

    mutating func field(_ name: StaticString, _ value: (some QuickMessage)?) {
        guard let value else { return }
        key(name)
        value.write(to: &self)
    }

    mutating func field(_ name: StaticString, _ values: [some QuickMessage]) {
        key(name)
        bytes.append(UInt8(ascii: "["))
        for (index, value) in values.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            value.write(to: &self)
        }
        bytes.append(UInt8(ascii: "]"))
    }

    /// What is rare, by a coder.
    mutating func rare(_ name: StaticString, _ value: (some Encodable)?) {
        guard let value else { return }
        key(name)
        bytes += WireFormat.encodeByCoder(value)
    }

    private mutating func put(_ text: StaticString) {
        text.withUTF8Buffer { bytes.append(contentsOf: $0) }
    }

    private mutating func number(_ value: Int64) {
        if value < 0 { bytes.append(UInt8(ascii: "-")) }
        var left = value.magnitude
        let start = bytes.count
        repeat {
            bytes.append(UInt8(ascii: "0") + UInt8(left % 10))
            left /= 10
        } while left > 0
        bytes[start...].reverse()
    }

    private mutating func string(_ value: String) {
        var value = value
        let isPlain = value.withUTF8 { text in
            let isPlain = text.allSatisfy { $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
            if isPlain {
                bytes.append(UInt8(ascii: "\""))
                bytes.append(contentsOf: text)
                bytes.append(UInt8(ascii: "\""))
            }
            return isPlain
        }
        if !isPlain { bytes += WireFormat.encodeByCoder(value) }
    }
}

/// JSON that is being read.
struct QuickScanner {
    private let bytes: [UInt8]
    private var place: Int
    private let end: Int
    private var isFirst = true

    /// - Parameter range: of the bytes.
    init(_ bytes: [UInt8], _ range: Range<Int>) {
        self.bytes = bytes
        (place, end) = (range.lowerBound, range.upperBound)
    }

    var isAtEnd: Bool { place == end }

    mutating func object(_ body: (inout QuickScanner) throws(NotQuick) -> Void) throws(NotQuick) {
        try expect(UInt8(ascii: "{"))
        isFirst = true
        try body(&self)
        try expect(UInt8(ascii: "}"))
        isFirst = false
    }

    /// Whether this field comes next; then its value does.
    mutating func has(_ key: StaticString) -> Bool {
        var here = place
        if !isFirst {
            guard here < end, bytes[here] == UInt8(ascii: ",") else { return false }
            here += 1
        }
        let count = key.utf8CodeUnitCount
        guard here + count + 3 <= end, bytes[here] == UInt8(ascii: "\""), bytes[here + count + 1] == UInt8(ascii: "\""),
            bytes[here + count + 2] == UInt8(ascii: ":")
        else { return false }
        for index in 0..<count where bytes[here + 1 + index] != key.utf8Start[index] { return false }
        place = here + count + 3
        isFirst = false
        return true
    }

    mutating func text(_ key: StaticString) throws(NotQuick) -> String? { has(key) ? try string() : nil }

    mutating func number<Number: FixedWidthInteger>(_ key: StaticString) throws(NotQuick) -> Number? {
        guard has(key) else { return nil }
        guard let number = Number(exactly: try number()) else { throw NotQuick() }
        return number
    }

    mutating func flag(_ key: StaticString) throws(NotQuick) -> Bool? {
        guard has(key) else { return nil }
        if take("true") { return true }
        if take("false") { return false }
        throw NotQuick()
    }

    mutating func message<Message: QuickMessage>(_ key: StaticString) throws(NotQuick) -> Message? {
        has(key) ? try Message(from: &self) : nil
    }

    mutating func messages<Message: QuickMessage>(_ key: StaticString) throws(NotQuick) -> [Message] {
        guard has(key) else { throw NotQuick() }
        try expect(UInt8(ascii: "["))
        var messages: [Message] = []
        if take("]") { return messages }
        repeat { messages.append(try Message(from: &self)) } while take(",")
        try expect(UInt8(ascii: "]"))
        return messages
    }

    mutating func numbers(_ key: StaticString) throws(NotQuick) -> [Int]? {
        guard has(key) else { return nil }
        try expect(UInt8(ascii: "["))
        var numbers: [Int] = []
        if take("]") { return numbers }
        repeat { numbers.append(Int(try number())) } while take(",")
        try expect(UInt8(ascii: "]"))
        return numbers
    }

    /// A list that is rare, and then has nothing in it: nil if it is not there.
    mutating func nothing<Value>(_ key: StaticString) throws(NotQuick) -> [Value]? {
        guard has(key) else { return nil }
        guard take("[]") else { throw NotQuick() }
        return []
    }

    /// A field that has to be there.
    func needed<Value>(_ value: Value?) throws(NotQuick) -> Value {
        guard let value else { throw NotQuick() }
        return value
    }

    private mutating func expect(_ byte: UInt8) throws(NotQuick) {
        guard place < end, bytes[place] == byte else { throw NotQuick() }
        place += 1
    }

    private mutating func take(_ text: StaticString) -> Bool {
        let count = text.utf8CodeUnitCount
        guard place + count <= end else { return false }
        for index in 0..<count where bytes[place + index] != text.utf8Start[index] { return false }
        place += count
        return true
    }

    /// An integer as it is written here: no fraction, no exponent, no zeros before it.
    private mutating func number() throws(NotQuick) -> Int64 {
        let isNegative = take("-")
        let start = place
        var value: Int64 = 0
        while place < end, bytes[place] >= UInt8(ascii: "0"), bytes[place] <= UInt8(ascii: "9"), place - start < 19 {
            let (next, overflowed) = value.multipliedReportingOverflow(by: 10)
            let (sum, carried) = next.addingReportingOverflow(Int64(bytes[place] - UInt8(ascii: "0")))
            if overflowed || carried { throw NotQuick() }
            value = sum
            place += 1
        }
        let count = place - start
        // No leading zeros, no fraction, no exponent: whatever follows must end it.
        guard count > 0, count == 1 || bytes[start] != UInt8(ascii: "0"), !isNegative || value > 0, place < end,
            bytes[place] == UInt8(ascii: ",") || bytes[place] == UInt8(ascii: "}") || bytes[place] == UInt8(ascii: "]")
        else { throw NotQuick() }
        return isNegative ? -value : value
    }

    private mutating func string() throws(NotQuick) -> String {
        try expect(UInt8(ascii: "\""))
        let start = place
        var isASCII = true
        while place < end, bytes[place] != UInt8(ascii: "\"") {
            if bytes[place] < 0x20 || bytes[place] == UInt8(ascii: "\\") { throw NotQuick() }
            if bytes[place] >= 0x80 { isASCII = false }
            place += 1
        }
        let part = bytes[start..<place]
        try expect(UInt8(ascii: "\""))
        if isASCII { return String(decoding: part, as: UTF8.self) }
        guard let text = String(validating: part, as: UTF8.self) else { throw NotQuick() }
        return text
    }
}
