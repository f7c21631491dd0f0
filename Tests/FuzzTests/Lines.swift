import HTTPServer
import SyncCore

@testable import Agent
@testable import ControlAPI
@testable import HTTPServer
@testable import Hub
@testable import SSH

// Lines of other programs, of requests and of files.

extension FuzzTarget {
    /// A record of a session (a), and what sftp-server writes of a name that a device gave (b).
    static let sessions = FuzzTarget(name: "sessions", seeds: Seeds.sessions) { bytes in
        let (choice, record) = bytes.choice(of: 2)
        if choice == 0 {
            for name in names(of: SessionRecord(record)) { try checkPlace(name) }
            if let hello = SessionHello(record) {
                try promise(SessionHello(hello.bytes) == hello, "\(hello) is not what is written of it")
                _ = SessionPlace(share: Array("/srv/share".utf8), start: hello.start).path(of: record)
            }
            return
        }
        // A name is what libssh2's and everybody's strings are: without a NUL.
        let halves = record.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false).map { Array($0) }
        let name = halves[0], other = (halves.count > 1 ? halves[1] : []).filter { $0 != 0 }
        try checkLine(
            "open \"\(.name)\" flags WRITE,CREATE mode 0644", [name],
            .opened(name: name, .init(writes: true, creates: true)))
        try checkLine(
            "close \"\(.name)\" bytes read 0 written 17", [name],
            .closed(name: name, read: 0, written: 17, isForced: false))
        try checkLine("remove name \"\(.name)\"", [name], .removed(name: name))
        try checkLine("posix-rename old \"\(.name)\" new \"\(.name)\"", [name, other], .renamed(from: name, to: other))
    }

    private static func names(of record: SessionRecord) -> [[UInt8]] {
        switch record {
        case .opened(let name, _), .closed(let name, _, _, _), .removed(let name), .made(let name),
            .changed(let name, _),
            .looked(let name), .listed(let name):
            [name]
        case .renamed(let old, let new): [old, new]
        case .failed, .writeFailed, .other, .cut, .closeCut, .unclear: []
        }
    }

    private static func checkPlace(_ name: [UInt8]) throws {
        try promise(!name.contains(0), "a NUL in a name")
        let place = SessionPlace(share: Array("/srv/share".utf8), start: Array("/srv/share/part".utf8))
        if let path = place.path(of: name) { try check(path) }
    }

    /// A line of sftp-server, with a name in the place of each mark, is the record, or nobody can say what it is.
    private static func checkLine(_ line: LogLine, _ names: [[UInt8]], _ expected: SessionRecord) throws {
        let found = SessionRecord(line.bytes(names) + [13, 10])
        switch found {
        case .unclear, .cut, .closeCut: return
        default: break
        }
        try promise(found == expected, "\(found) was \(expected)")
        for name in names { try checkPlace(name) }
    }

    /// What a user called so has sshd write (a), and any record of it (b).
    static let log = FuzzTarget(name: "log", seeds: Seeds.log) { bytes in
        let (choice, text) = bytes.choice(of: 2)
        let name = String(decoding: text, as: UTF8.self)
        if choice == 1 {
            guard case .login(let remote, _, let key) = SSHLogLine(name).event else { return }
            try promise(!remote.contains(where: \.isWhitespace), "'\(remote)' is no address")
            try promise(!key.contains(where: \.isWhitespace), "'\(key)' is no fingerprint")
            return
        }
        let lines = [
            "Invalid user \(name) from 192.0.2.1 port 4711",
            "Failed none for invalid user \(name) from 192.0.2.1 port 4711 ssh2",
            "Connection closed by invalid user \(name) 192.0.2.1 port 4711 [preauth]",
            "Disconnected from invalid user \(name) 192.0.2.1 port 4711 [preauth]",
        ]
        for line in lines {
            if case .login = SSHLogLine(line).event { throw Broken(description: "a stranger's login: \(line)") }
        }
    }

    /// A request line, lines `NAME: VALUE`, an empty one.
    static let requests = FuzzTarget(name: "requests", seeds: Seeds.requests) { bytes in
        var lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)[...]
        let first = (lines.popFirst() ?? []).split(separator: 0x20, maxSplits: 1, omittingEmptySubsequences: false)
        let fields = lines.map { line in
            let parts = line.split(separator: UInt8(ascii: ":"), maxSplits: 1, omittingEmptySubsequences: false)
            return (
                name: String(decoding: parts[0], as: UTF8.self).lowercased(),
                value: parts.count > 1 ? Array(parts[1].drop { $0 == 0x20 }) : []
            )
        }
        let head = RequestHead(
            method: String(decoding: first.first ?? [], as: UTF8.self),
            target: first.count > 1 ? Array(first[1]) : [], fields: fields)
        _ = head.isFollowedByBody
        guard head.refusal(HTTPServerSettings(), hosts: ["localhost"]) == nil else { return }
        try promise(head.values("host").count == 1 && head.values("origin").isEmpty, "not one host, or a page asks")
        try promise(head.values("transfer-encoding").isEmpty && head.values("content-length").count < 2, "two lengths")
        try promise((0...HTTPServerSettings().bodyLimit).contains(head.contentLength), "\(head.contentLength) bytes")
        let request = head.request(body: [], peer: "")
        try promise(request.path.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }, "the path '\(request.path)'")
        for name in ["since", "wait"] {
            if let number = try? request.number(name) { try promise(number >= 0, "\(name) is \(number)") }
            if let time = try? request.seconds(name, limit: 55) {
                try promise((0...55_000_000_000).contains(time), "\(time) nanoseconds")
            }
        }
        _ = request.bearerToken
        if case .success(let route) = Route.find(method: request.method, path: request.path) {
            try promise(route.rawValue == "\(request.method) \(request.path)", "another route")
        }
        // The same items, however they are escaped.
        guard let items = head.queryItems else { throw Broken(description: "a query that cannot be read was taken") }
        func escaped(_ text: String) -> String { text.utf8.map { "%" + Escaping.hex($0) }.joined() }
        var other = head
        other.target = Array(
            "/?\(items.map { "\(escaped($0.name))=\(escaped($0.value))" }.joined(separator: "&"))".utf8)
        let again = other.queryItems ?? []
        try promise(
            again.map { Array($0.name.utf8) + [0] + Array($0.value.utf8) }
                == items.map { Array($0.name.utf8) + [0] + Array($0.value.utf8) }, "\(items) became \(again)")
    }

    /// Limits (a), times (b), keys (c), names of clients (d), digests (e), the words of a key's command (f), the kernel's table of
    /// connections (g), a host key (h), what avahi has heard in the network (i).
    static let words = FuzzTarget(name: "words", seeds: Seeds.words) { bytes in
        let (choice, rest) = bytes.choice(of: 9)
        let text = String(decoding: rest, as: UTF8.self)
        switch choice {
        case 0: try checkTimetable(text)
        case 1:
            guard let time = Timestamp.parse(text) else { return }
            let shown = Timestamp.text(time)
            guard let again = Timestamp.parse(shown) else { throw Broken(description: "\(shown) is no time") }
            try promise((0..<1_000_000_000).contains(time - again), "\(text) became \(shown)")
        case 2:
            guard let key = try? PublicKey(line: text) else { return }
            try promise(try PublicKey(line: key.line) == key, "\(key) is not what was read of it")
            try promise(key.line.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F }, "a key that is more than a line")
            try promise(!key.line.contains("\""), "a key that ends an option")
        case 3:
            guard let name = try? ClientName(text) else { return }
            try promise(
                name.text.utf8.allSatisfy { $0 > 0x2C && $0 < 0x7F && $0 != UInt8(ascii: "/") }
                    && name.text.first != "." && name.text.first != "-", "the client '\(name)'")
        case 4:
            guard let digest = Digest(hex: text) else { return }
            try promise(Digest(hex: digest.hex) == digest && digest.hex == text.lowercased(), "another digest")
        case 5: try checkGrant(text)
        case 6: _ = TCPSocketFacts.parse(text)
        case 7: if let key = try? HostKey(line: text) { try promise(key.blob.count == 51, "a key of another size") }
        default:
            let found = Discovery.addresses(in: text, of: "SHA256:a")
            try promise(found.count <= 8 && Set(found).count == found.count, "too many addresses")
            for address in found {
                let host = address.host.utf8.prefix { $0 != UInt8(ascii: "%") }
                let marks = "0123456789abcdefABCDEF.:".utf8
                try promise(address.port > 0 && !host.isEmpty && host.allSatisfy(marks.contains), "\(address)")
            }
        }
    }

    private static func checkGrant(_ text: String) throws {
        let words = text.split(separator: " ", omittingEmptySubsequences: false).map { String($0) }
        guard words.count == 4,
            let grant = try? SFTPGrant(
                client: words[0], kind: words[1], isReadOnly: false, part: words[2].isEmpty ? nil : words[2],
                inode: words[3].isEmpty ? nil : words[3])
        else { return }
        if let part = grant.reach.part {
            try check(part.path)
            try promise(!part.path.isTop, "a part that is everything")
        }
        let said = grant.words
        func option(_ name: String) -> String? { said.firstIndex(of: name).map { said[$0 + 1] } }
        let again = try SFTPGrant(
            client: option("--client") ?? "", kind: option("--kind"), isReadOnly: false, part: option("--part"),
            inode: option("--inode"))
        try promise(again == grant, "\(grant) became \(again)")
    }
}

/// A line of sftp-server's log, with a mark where a name is.
private struct LogLine: ExpressibleByStringInterpolation {
    enum Mark { case name }

    struct StringInterpolation: StringInterpolationProtocol {
        var parts: [[UInt8]?] = []
        init(literalCapacity: Int, interpolationCount: Int) {}
        mutating func appendLiteral(_ literal: String) { parts.append(Array(literal.utf8)) }
        mutating func appendInterpolation(_ mark: Mark) { parts.append(nil) }
    }

    private let parts: [[UInt8]?]

    init(stringLiteral value: String) { parts = [Array(value.utf8)] }
    init(stringInterpolation: StringInterpolation) { parts = stringInterpolation.parts }

    /// As OpenSSH writes it: vis(3) with `VIS_SAFE | VIS_OCTAL` over all of the line.
    func bytes(_ names: [[UInt8]]) -> [UInt8] {
        var left = names[...]
        return parts.flatMap { $0 ?? left.popFirst() ?? [] }.flatMap { byte -> [UInt8] in
            switch byte {
            case UInt8(ascii: "\\"): [byte, byte]
            case 0x07...0x0A, 0x0D, 0x20...0x7E: [byte]
            default: [UInt8(ascii: "\\"), 0x30 + (byte >> 6), 0x30 + (byte >> 3 & 7), 0x30 + (byte & 7)]
            }
        }
    }
}
