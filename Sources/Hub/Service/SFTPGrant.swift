internal import FileTree
import SyncCore

/// How much of the share a key opens.
struct ShareReach: Hashable, Sendable {
    /// Nothing of the share changes through it.
    var isReadOnly = false
    /// The directory that the device lives in; nil: all of the share.
    var part: SharePart?

    static let everything = ShareReach()
}

/// A directory of the share, as the key of a device that sees nothing else names it. A path alone would open whatever stands there by
/// the time of a login.
struct SharePart: Hashable, Sendable {
    /// Below the share, where the directory was when the key was written; never the top.
    let path: RelativePath
    /// Which one it was; nil: it was not there, and the key opens nothing.
    let directory: FileIdentity?
}

/// What the sessions of one key may do: what its forced command says.
struct SFTPGrant: Hashable, Sendable {
    /// What the device is.
    enum Kind: String, CaseIterable, Sendable {
        /// Reads the share and writes files into its own staging, reads and removes what is laid out for it in memory, reads what
        /// others are still sending; starts in the root, so that all have relative names.
        case agent
        /// Reads and writes the share, and starts there.
        case sftp
    }

    let client: ClientName
    let kind: Kind
    var reach = ShareReach.everything

    /// Whether it may do less than a member: such a device is let in only where the kernel keeps it to that.
    var isRestricted: Bool { kind == .sftp || reach != .everything }
}

// As a forced command says it.
extension SFTPGrant {
    /// The options of `synchub sftp`.
    var words: [String] {
        var words = ["--client", client.text, "--kind", kind.rawValue]
        if reach.isReadOnly { words.append("--read-only") }
        if let part = reach.part {
            words += ["--part", Escaping.hex(part.path.bytes), "--inode", SFTPGrant.text(part.directory)]
        }
        return words
    }

    /// The reverse of ``words``. What it does not understand opens nothing.
    /// - Throws: ``SFTPGrantError``, ``ClientNameError``.
    init(client: String, kind: String?, isReadOnly: Bool, part: String?, inode: String?) throws {
        self.client = try ClientName(client)
        guard let kind = Kind(rawValue: kind ?? Kind.sftp.rawValue) else { throw SFTPGrantError.kind }
        self.kind = kind
        reach.isReadOnly = isReadOnly
        switch (part, inode) {
        case (nil, nil): break
        case (let part?, let inode?):
            guard let path = SFTPGrant.path(part), !path.isTop else { throw SFTPGrantError.part }
            reach.part = SharePart(path: path, directory: try SFTPGrant.directory(inode))
        default: throw SFTPGrantError.halfOfAPart
        }
    }

    private static let gone = "gone"

    private static func text(_ directory: FileIdentity?) -> String {
        directory.map { "\($0.device):\($0.inode)" } ?? gone
    }

    private static func directory(_ text: String) throws(SFTPGrantError) -> FileIdentity? {
        if text == gone { return nil }
        let numbers = text.split(separator: ":", omittingEmptySubsequences: false).map { UInt64($0) }
        guard numbers.count == 2, let device = numbers[0], let inode = numbers[1] else { throw .inode }
        return FileIdentity(device: device, inode: inode)
    }

    private static func path(_ hex: String) -> RelativePath? {
        let digits = hex.utf8.map(Escaping.hexValue)
        guard digits.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let high = digits[index], let low = digits[index + 1] else { return nil }
            bytes.append(high << 4 | low)
        }
        return try? RelativePath(bytes: bytes)
    }
}

/// What is wrong with the options of a forced command.
enum SFTPGrantError: Error, Hashable, CustomStringConvertible {
    case kind, part, inode, halfOfAPart

    var description: String {
        switch self {
        case .kind: "--kind is 'agent' or 'sftp'"
        case .part: "--part is the path of a directory of the share, in hexadecimal digits"
        case .inode: "--inode is DEVICE:INODE of the directory of --part, or 'gone'"
        case .halfOfAPart: "--part and --inode go together"
        }
    }
}
