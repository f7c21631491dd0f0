/// The name of a client: safe as a file name, in a shell's command line, in a log and in a URL.
package struct ClientName: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// As it was given.
    package let text: String

    /// Accepts 1 to 64 letters (ASCII), digits, `.`, `-` and `_`, beginning with a letter or digit.
    package init(_ text: String) throws(ClientNameError) {
        let bytes = Array(text.utf8)
        guard let first = bytes.first, bytes.count <= ClientName.limit, ClientName.isAlphanumeric(first),
            bytes.allSatisfy({ ClientName.isAlphanumeric($0) || ClientName.marks.contains($0) })
        else { throw ClientNameError(text: text) }
        self.text = text
    }

    /// In bytes.
    package static let limit = 64
    private static let marks = Array(".-_".utf8)

    package var description: String { text }
    package static func < (a: ClientName, b: ClientName) -> Bool { a.text < b.text }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }
}

/// What somebody wanted to call a client, and may not.
package struct ClientNameError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What was given.
    package let text: String

    package var description: String {
        "a client's name has 1 to \(ClientName.limit) letters (a-z, A-Z), digits, '.', '-' or '_', and begins with a letter "
            + "or a digit"
    }
}
