/// One word of a command line for `/bin/sh`, whatever characters it has.
struct ShellWord: Hashable, Sendable, CustomStringConvertible {
    let text: String
    init(_ text: String) { self.text = text }

    /// In single quotes if it needs any (POSIX, Shell Command Language, 2.2.2).
    var description: String {
        let isPlain = !text.isEmpty && text.utf8.allSatisfy(ShellWord.isPlain)
        guard !isPlain else { return text }
        return "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "."), UInt8(ascii: "-"),
            UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
