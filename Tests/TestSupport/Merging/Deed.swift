import SyncCore

/// What somebody does to their copy of the folder, by path, as a test writes it down.
package enum Deed: Hashable, Sendable {
    case file(String, String)
    case directory(String)
    case link(String, to: String)
    case edit(String, String)
    case chmod(String, UInt16)
    case touch(String, Nanoseconds)
    case retarget(String, String)
    case move(String, to: String)
    case delete(String)
}

/// Contents as short texts, so that a tree can be written down and compared.
package enum Text {
    /// The content whose digest is the text itself, at most 32 bytes of it.
    package static func file(_ text: String, mode: UInt16 = 0o644, mtime: Nanoseconds = 0) -> Content {
        let padded = Array(text.utf8) + Array(repeating: 0, count: Digest.size)
        return .file(
            FileContent(
                digest: Digest(bytes: padded.prefix(Digest.size))!, size: Int64(text.utf8.count), mode: Mode(mode),
                mtime: mtime))
    }

    /// `text`, `text 0600` where the mode is not 0644 (0755 for directories), `/` for directories, `-> target`.
    package static func describe(_ content: Content) -> String {
        switch content {
        case .file(let file):
            String(decoding: file.digest.bytes.prefix { $0 != 0 }, as: UTF8.self) + mode(file.mode, unless: 0o644)
                + (file.mtime == 0 ? "" : " @\(file.mtime)")
        case .directory(let value): "/" + mode(value, unless: 0o755)
        case .symlink(let target, _): "-> " + String(decoding: target, as: UTF8.self)
        }
    }

    private static func mode(_ mode: Mode, unless usual: UInt16) -> String {
        mode.rawValue == usual ? "" : " 0" + String(mode.rawValue, radix: 8)
    }

    /// One word for what a hub answered.
    package static func word(_ outcome: Outcome) -> String {
        switch outcome {
        case .applied: "applied"
        case .merged: "merged"
        case .conflict: "conflict"
        case .refused(let reason, _): "refused \(reason)"
        case .contentMissing: "content missing"
        case .held: "held"
        }
    }
}
