internal import FoundationEssentials

/// RFC 4648, section 4, as OpenSSH uses it.
enum Base64 {
    /// Without padding, as in fingerprints.
    static func unpadded(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString().filter { $0 != "=" } }

    /// `nil` for anything that is not base64. Padding may be there or not.
    static func decode(_ text: some StringProtocol) -> [UInt8]? {
        let digits = String(text).filter { $0 != "=" }
        return Data(base64Encoded: digits + String(repeating: "=", count: (4 - digits.utf8.count % 4) % 4)).map {
            Array($0)
        }
    }
}
