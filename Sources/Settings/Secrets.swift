/// Files that only their owner may read: keys and tokens. Errors are ``SettingsError``s and never hold the secret.
package enum Secrets {
    /// Writes or replaces the file: mode 0600, and either the old one or the whole new one is there after a power cut.
    package static func write(_ secret: [UInt8], to path: some PathBytes) throws {
        try PrivateFile(path).write(secret)
    }

    /// Removes what writers of these files that were killed have left beside them, with the secret in it. Nobody may be writing them.
    package static func removeUnfinished(of paths: [String]) {
        for path in paths { PrivateFile(path).removeUnfinished() }
    }

    /// The bytes of the file (`limit` at most). A file that group or others may read or write is refused.
    package static func read(_ path: some PathBytes, limit: Int = 64 << 10) throws -> [UInt8] {
        try PrivateFile(path).read(limit: limit, isSecret: true)
    }

    /// The file as text without the white space at its end (an editor adds a line break). Bytes that are not UTF-8
    /// are replaced, which no secret of ours has.
    package static func readText(_ path: some PathBytes, limit: Int = 64 << 10) throws -> String {
        let bytes = try read(path, limit: limit)
        let end = bytes.lastIndex { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }.map { $0 + 1 } ?? 0
        return String(decoding: bytes[..<end], as: UTF8.self)
    }
}
