import SyncCore

/// Where the names of a session lie. Pure.
struct SessionPlace: Hashable, Sendable {
    /// The names on the way from `/` to the share, and to where the session started.
    private let share: [[UInt8]]
    private let start: [[UInt8]]

    /// - Parameters:
    ///   - share: its absolute path, without symlinks.
    ///   - start: where the session was when it began, the same.
    init(share: [UInt8], start: [UInt8]) {
        self.share = SessionPlace.names(share)
        self.start = SessionPlace.names(start)
    }

    /// Nil for what is not in the share, and for what can only be found by looking (`..`, which is another place behind a symlink). A
    /// symlink on the way is not seen either: the path is then none of a file.
    func path(of name: [UInt8]) -> RelativePath? {
        names(below: name).flatMap { names in try? RelativePath(names.map { bytes in try Name(bytes) }) }
    }

    /// The same for what need not be a name, since it was cut.
    func bytes(of name: [UInt8]) -> [UInt8]? {
        names(below: name).map { Array($0.joined(separator: [UInt8(ascii: "/")])) }
    }

    private func names(below name: [UInt8]) -> ArraySlice<[UInt8]>? {
        let isAbsolute = name.first == UInt8(ascii: "/")
        let names = (isAbsolute ? [] : start) + SessionPlace.names(name).filter { $0 != [UInt8(ascii: ".")] }
        return names.starts(with: share) ? names.dropFirst(share.count) : nil
    }

    /// Whether a name is one that can only be found by looking.
    static func isHidden(_ name: [UInt8]) -> Bool { names(name).contains([UInt8(ascii: "."), UInt8(ascii: ".")]) }

    private static func names(_ path: [UInt8]) -> [[UInt8]] {
        path.split(separator: UInt8(ascii: "/")).map { Array($0) }
    }
}

/// The first record of a session: who it is, and where it starts.
struct SessionHello: Hashable, Sendable {
    let client: ClientName
    /// An absolute path, without symlinks.
    let start: [UInt8]

    private static let head = Array("synchub-sftp 1 ".utf8)

    /// As a record.
    var bytes: [UInt8] { SessionHello.head + Array(client.text.utf8) + [UInt8(ascii: " ")] + start }

    init(client: ClientName, start: [UInt8]) {
        self.client = client
        self.start = start
    }

    /// Nil for anything else.
    init?(_ record: [UInt8]) {
        guard record.starts(with: SessionHello.head) else { return nil }
        let rest = record.dropFirst(SessionHello.head.count)
        guard let end = rest.firstIndex(of: UInt8(ascii: " ")),
            let client = try? ClientName(String(decoding: rest[..<end], as: UTF8.self))
        else { return nil }
        self.init(client: client, start: Array(rest[(end + 1)...]))
    }
}
