import FoundationEssentials

/// Base64 (RFC 4648, section 4), for paths that are not UTF-8.
package enum Base64 {
    /// With padding.
    package static func text(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString() }

    /// Nil if it is not base64.
    package static func bytes(_ text: String) -> [UInt8]? { Data(base64Encoded: text).map { Array($0) } }
}
