/// A type that one value of a configuration may have.
package protocol SettingValue: Sendable {
    /// For "expected …", such as "a whole number".
    static var expected: String { get }

    /// Nil if it is another kind of value.
    init?(setting: JSONValue)
}

/// A word of a few: `enum Mode: String, SettingChoice { case managed, system }`.
package protocol SettingChoice: SettingValue, RawRepresentable<String>, CaseIterable {}

extension SettingChoice {
    /// The words.
    package static var expected: String {
        allCases.map { SettingsText.quoted($0.rawValue) }.joined(separator: " or ")
    }

    /// The case whose raw value it is.
    package init?(setting: JSONValue) {
        guard case .string(let word) = setting else { return nil }
        self.init(rawValue: word)
    }
}

extension String: SettingValue {
    /// Any text.
    package static var expected: String { "a string" }

    /// A string.
    package init?(setting: JSONValue) {
        guard case .string(let string) = setting else { return nil }
        self = string
    }
}

extension Bool: SettingValue {
    /// One of two.
    package static var expected: String { "true or false" }

    /// `true` or `false`, not a number.
    package init?(setting: JSONValue) {
        guard case .bool(let bool) = setting else { return nil }
        self = bool
    }
}

extension Int64: SettingValue {
    /// Of 64 bits.
    package static var expected: String { "a whole number" }

    /// A number without a fraction.
    package init?(setting: JSONValue) {
        guard case .integer(let integer) = setting else { return nil }
        self = integer
    }
}

extension Int: SettingValue {
    /// Of 64 bits.
    package static var expected: String { Int64.expected }

    /// A number without a fraction.
    package init?(setting: JSONValue) {
        guard case .integer(let integer) = setting else { return nil }
        self.init(exactly: integer)
    }
}

extension UInt16: SettingValue {
    /// A TCP port, for example.
    package static var expected: String { "a whole number from 0 to 65535" }

    /// A number without a fraction.
    package init?(setting: JSONValue) {
        guard case .integer(let integer) = setting else { return nil }
        self.init(exactly: integer)
    }
}

extension Double: SettingValue {
    /// Infinity is none.
    package static var expected: String { "a number" }

    /// Any finite number.
    package init?(setting: JSONValue) {
        switch setting {
        case .integer(let integer): self = Double(integer)
        case .number(let number) where number.isFinite: self = number
        default: return nil
        }
    }
}
