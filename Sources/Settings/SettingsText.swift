/// The text of a configuration with comments, to be written. What is interpolated becomes a JSON5 value, so that no name can break out
/// of its place: `"{ name: \(name), port: \(port) }"`.
package struct SettingsText: ExpressibleByStringInterpolation, Sendable {
    /// The JSON5 text.
    package let text: String

    /// A text without values.
    package init(stringLiteral text: String) { self.text = text }

    /// A text with values.
    package init(stringInterpolation: StringInterpolation) { text = stringInterpolation.text }

    /// Collects the text and its values.
    package struct StringInterpolation: StringInterpolationProtocol {
        var text = ""

        /// An empty text.
        package init(literalCapacity: Int, interpolationCount: Int) { text.reserveCapacity(literalCapacity) }

        /// JSON5 as it stands in the source.
        package mutating func appendLiteral(_ literal: String) { text += literal }

        /// A string in quotes.
        package mutating func appendInterpolation(_ string: String) { text += SettingsText.quoted(string) }

        /// A word of a few, in quotes.
        package mutating func appendInterpolation(_ choice: some SettingChoice) { appendInterpolation(choice.rawValue) }

        /// A number.
        package mutating func appendInterpolation(_ number: some FixedWidthInteger) { text += "\(number)" }

        /// `true` or `false`.
        package mutating func appendInterpolation(_ bool: Bool) { text += "\(bool)" }

        /// Strings, in brackets.
        package mutating func appendInterpolation(_ strings: [String]) {
            text += "[" + strings.map(SettingsText.quoted).joined(separator: ", ") + "]"
        }
    }

    /// A string in double quotes, with the escapes that JSON wants.
    static func quoted(_ string: String) -> String {
        let escaped = string.unicodeScalars.reduce(into: "") { text, scalar in
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\u{0}"..."\u{1F}", "\u{7F}", "\u{2028}", "\u{2029}":
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        return "\"\(escaped)\""
    }
}
