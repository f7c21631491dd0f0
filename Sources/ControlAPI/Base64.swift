import FoundationEssentials

/// Base64 (RFC 4648): of bytes that are no text, of keys and tokens.
package enum Base64 {
    /// Section 4, with padding.
    package static func text(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString() }

    /// The same without padding, as OpenSSH shows fingerprints.
    package static func unpadded(_ bytes: [UInt8]) -> String { text(bytes).filter { $0 != "=" } }

    /// Section 5, the alphabet for URLs, without padding.
    package static func urlText(_ bytes: [UInt8]) -> String {
        String(unpadded(bytes).map { $0 == "+" ? "-" : $0 == "/" ? "_" : $0 })
    }

    /// Nil if it is not base64 of section 4, with its padding.
    package static func bytes(_ text: some StringProtocol) -> [UInt8]? {
        Data(base64Encoded: String(text)).map { Array($0) }
    }
}
