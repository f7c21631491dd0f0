import Glibc

/// What is wrong with a configuration or a secret: in which file, at which key.
package struct SettingsError: Error, Equatable, Sendable {
    /// What is wrong.
    package enum Reason: Error, Equatable, Sendable {
        case unknownKey(nearest: String?, known: [String])
        case missing(expected: String)
        case wrongValue(expected: String, found: String)
        /// With the parser's words.
        case notJSON5(String)
        /// With errno.
        case unreadable(Int32)
        /// With errno.
        case unwritable(Int32)
        case notAFile
        /// In bytes.
        case tooLarge(limit: Int)
        /// Group or others may read or write a secret; with its permission bits.
        case open(mode: UInt32)
    }

    /// Of the file, for display.
    package let path: String
    /// Such as `sftp.mode` or `ignore[2]`; empty if it is the whole file.
    package let keyPath: String
    /// What is wrong there.
    package let reason: Reason
}

extension SettingsError: CustomStringConvertible {
    /// A sentence with the next step.
    package var description: String {
        "\(path): \(keyPath.isEmpty ? "" : keyPath + ": ")\(reason)"
    }
}

extension SettingsError.Reason: CustomStringConvertible {
    /// The sentence without file and key.
    package var description: String {
        switch self {
        case .unknownKey(let nearest?, _): "unknown key, did you mean '\(nearest)'?"
        case .unknownKey(nil, let known): "unknown key, known here: \(known.joined(separator: ", "))"
        case .missing(let expected): "expected \(expected), found nothing"
        case .wrongValue(let expected, let found): "expected \(expected), found \(found)"
        case .notJSON5(let detail): "not JSON5: \(detail) Look for a missing comma, quote or bracket."
        case .unreadable(let code): "cannot be read: \(String(cString: strerror(code)))"
        case .unwritable(let code): "cannot be written: \(String(cString: strerror(code)))"
        case .notAFile: "is not a regular file"
        case .tooLarge(let limit): "is larger than \(limit) bytes"
        case .open(let mode):
            "is a secret, but its mode is 0\(String(mode, radix: 8)): others may use it. "
                + "Make it private (chmod 600), and replace it if they could have read it."
        }
    }
}

/// What is wrong at a key, while the file is not known yet.
struct KeyProblem: Error {
    let keyPath: String
    let reason: SettingsError.Reason
}
