/// What OpenSSH's sftp-server says in one call of its log (`-e -l VERBOSE`; sftp-server.c, log.c and vis.c of 9.2). Each call is one record
/// of the socket, so a name can never pass for a record of its own. An operation is told before it is done; one that fails
/// is followed by ``failed(isGeneral:)``. What works by name is told, all of it; of what works by handle only the close is.
enum SessionRecord: Hashable, Sendable {
    /// A file, of which bytes may be read, or written too. Names are as the device gave them.
    case opened(name: [UInt8], OpenMode)
    /// A file; forced: its device went away.
    case closed(name: [UInt8], read: UInt64, written: UInt64, isForced: Bool)
    case renamed(from: [UInt8], to: [UInt8])
    /// A file, or an empty directory.
    case removed(name: [UInt8])
    /// A directory, a symlink, or a second name of a file.
    case made(name: [UInt8])
    /// Its attributes, or its size too: then bytes.
    case changed(name: [UInt8], bytes: Bool)
    /// Its attributes were asked for.
    case looked(name: [UInt8])
    /// A directory, what is in it.
    case listed(name: [UInt8])
    /// The operation before this was answered with an error, or one by handle was; general: with none that has a name, such as a full disk.
    case failed(isGeneral: Bool)
    /// Bytes could not be written.
    case writeFailed
    /// Another operation, or nothing that happened to a file.
    case other
    /// What happened to a file cannot be read, since it was cut. What is left begins with what the file's name begins with, or with
    /// all of it.
    case cut(beginning: [UInt8])
    /// A file was closed, and that was cut.
    case closeCut(beginning: [UInt8], isForced: Bool)
    /// What happened to a file cannot be read: two names were cut, or can be read in more than one way.
    case unclear

    /// Parses one record.
    init(_ record: [UInt8]) {
        guard record.suffix(2).elementsEqual([13, 10]) else {
            self = .unclear
            return
        }
        let text = record.dropLast(2)
        if let status = text.after("sent status ") {
            // That is no answer to anything here, but to a request that sftp-server does not know.
            let isUnknown = status.elementsEqual("Operation unsupported".utf8)
            self = isUnknown ? .other : .failed(isGeneral: status.elementsEqual("Failure".utf8))
        } else if text.elementsEqual("Refusing open request in read-only mode".utf8) {
            // That is said after the open. All other refusals are said instead of an operation: the one before was done.
            self = .failed(isGeneral: false)
        } else if SessionRecord.failures.contains(where: { text.starts(with: $0.utf8) }) {
            self = .writeFailed
        } else if let parser = SessionRecord.parsers.first(where: { text.starts(with: $0.head.utf8) }) {
            let body = text.dropFirst(parser.head.utf8.count)
            let isCut = text.count >= SessionRecord.cutFrom
            self = (isCut ? SessionRecord.cut(body, parser) : parser.body(body)) ?? .unclear
        } else {
            self = .other
        }
    }

    /// Of bytes, also of those that sftp-server copies itself, where it is all one whether they could not be read or not be written.
    private static let failures = ["process_write: ", "process_extended_copy_data: "]

    /// A line is cut at 1,021 bytes, or up to three before that, since an escape is never cut.
    private static let cutFrom = 1_018

    private typealias Parser = (head: String, names: Int, body: @Sendable (ArraySlice<UInt8>) -> SessionRecord?)

    private static let parsers: [Parser] = [
        ("open \"", 1, parseOpen),
        ("close \"", 1, { parseClose($0, isForced: false) }),
        ("forced close \"", 1, { parseClose($0, isForced: true) }),
        ("rename old \"", 2, parseRename),
        ("posix-rename old \"", 2, parseRename),
        ("remove name \"", 1, parseRemoval),
        ("rmdir name \"", 1, parseRemoval),
        (
            "mkdir name \"", 1,
            { text in text.splitAtLast("\" mode ").flatMap { unescaped($0.0) }.map { .made(name: $0) } }
        ),
        ("symlink old \"", 2, parseLink),
        ("hardlink old \"", 2, parseLink),
        ("set \"", 1, parseChange),
        ("stat name \"", 0, parseLook),
        ("lstat name \"", 0, parseLook),
        ("opendir \"", 0, { text in parseName(text).map { .listed(name: $0) } }),
    ]

    /// A parser has how many names were told of which something happened to a file.
    private static func cut(_ text: ArraySlice<UInt8>, _ parser: Parser) -> SessionRecord? {
        if parser.names == 0 { return .other }
        if parser.names > 1 { return nil }
        // Half an escape may be left at the end.
        for rest in 0..<4 {
            guard let found = unescaped(text.dropLast(rest)) else { continue }
            return switch parser.head {
            case "close \"": .closeCut(beginning: found, isForced: false)
            case "forced close \"": .closeCut(beginning: found, isForced: true)
            default: .cut(beginning: found)
            }
        }
        return nil
    }

    /// `OLD" new "NEW"`, of which the new one is what is made.
    private static func parseLink(_ text: ArraySlice<UInt8>) -> SessionRecord? {
        guard case .renamed(_, let new)? = parseRename(text) else { return nil }
        return .made(name: new)
    }

    /// `NAME" size 5`, or mode, modtime or owner: no quote comes after the name's.
    private static func parseChange(_ text: ArraySlice<UInt8>) -> SessionRecord? {
        guard let end = text.lastIndex(of: quote), let name = unescaped(text[..<end]) else { return nil }
        return .changed(name: name, bytes: text[(end + 1)...].starts(with: " size ".utf8))
    }

    /// `NAME" flags WRITE,CREATE mode 0644`: whatever the name has in it, the last such tail is sftp-server's.
    private static func parseOpen(_ text: ArraySlice<UInt8>) -> SessionRecord? {
        guard let (encoded, tail) = text.splitAtLast("\" flags ") else { return nil }
        let words = tail.split(separator: UInt8(ascii: " "))
        guard words.count == 3, words[1].elementsEqual("mode".utf8), let name = unescaped(encoded),
            let mode = OpenMode(words[0])
        else { return nil }
        return .opened(name: name, mode)
    }

    /// `NAME" bytes read 0 written 5`.
    private static func parseClose(_ text: ArraySlice<UInt8>, isForced: Bool) -> SessionRecord? {
        guard let (encoded, tail) = text.splitAtLast("\" bytes read ") else { return nil }
        let words = tail.split(separator: UInt8(ascii: " "))
        guard words.count == 3, words[1].elementsEqual("written".utf8), let name = unescaped(encoded),
            let read = number(words[0]), let written = number(words[2])
        else { return nil }
        return .closed(name: name, read: read, written: written, isForced: isForced)
    }

    /// `OLD" new "NEW"`: quotes are not escaped, so names with that in them can be read in two ways.
    private static func parseRename(_ text: ArraySlice<UInt8>) -> SessionRecord? {
        guard text.last == quote, let (old, new) = text.dropLast().splitAtOnly("\" new \""), let from = unescaped(old),
            let to = unescaped(new)
        else { return nil }
        return .renamed(from: from, to: to)
    }

    private static func parseRemoval(_ text: ArraySlice<UInt8>) -> SessionRecord? {
        parseName(text).map { .removed(name: $0) }
    }

    private static func parseLook(_ text: ArraySlice<UInt8>) -> SessionRecord? {
        parseName(text).map { .looked(name: $0) }
    }

    /// `NAME"`.
    private static func parseName(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        text.last == quote ? unescaped(text.dropLast()) : nil
    }

    private static let quote = UInt8(ascii: "\"")

    /// A backslash stands doubled, and what is no visible ASCII as three octal digits, but for white space, bell, backspace and carriage
    /// return (`VIS_SAFE | VIS_OCTAL`). Nil for anything else.
    private static func unescaped(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        var bytes: [UInt8] = []
        var rest = text
        while let byte = rest.popFirst() {
            // In no name, and in no line that sftp-server writes.
            if byte == 0 { return nil }
            guard byte == UInt8(ascii: "\\") else {
                bytes.append(byte)
                continue
            }
            if rest.first == byte {
                rest = rest.dropFirst()
                bytes.append(byte)
                continue
            }
            let digits = rest.prefix(3)
            rest = rest.dropFirst(3)
            guard digits.count == 3, digits.allSatisfy({ (0x30...0x37).contains($0) }) else { return nil }
            let value = digits.reduce(0) { $0 * 8 + Int($1 - 0x30) }
            guard let plain = UInt8(exactly: value), plain != 0 else { return nil }
            bytes.append(plain)
        }
        return bytes
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> UInt64? {
        digits.allSatisfy { (0x30...0x39).contains($0) } ? UInt64(String(decoding: digits, as: UTF8.self)) : nil
    }
}

/// How a file was opened.
struct OpenMode: Hashable, Sendable {
    var writes = false
    /// Made if it was not there.
    var creates = false
    /// Emptied.
    var truncates = false

    init(writes: Bool = false, creates: Bool = false, truncates: Bool = false) {
        self.writes = writes
        self.creates = creates
        self.truncates = truncates
    }

    /// `READ,WRITE,APPEND,CREATE,TRUNCATE,EXCL`, any of them; nil for anything else.
    init?(_ words: ArraySlice<UInt8>) {
        for word in words.split(separator: UInt8(ascii: ",")) {
            switch String(decoding: word, as: UTF8.self) {
            case "READ", "EXCL": break
            case "WRITE", "APPEND": writes = true
            case "CREATE": creates = true
            case "TRUNCATE": truncates = true
            default: return nil
            }
        }
    }
}

extension ArraySlice<UInt8> {
    fileprivate func after(_ head: String) -> ArraySlice<UInt8>? {
        starts(with: head.utf8) ? dropFirst(head.utf8.count) : nil
    }

    fileprivate func splitAtLast(_ text: String) -> (ArraySlice<UInt8>, ArraySlice<UInt8>)? {
        starts(of: text).last.map { split(at: $0, text) }
    }

    /// Nil if it is there more than once.
    fileprivate func splitAtOnly(_ text: String) -> (ArraySlice<UInt8>, ArraySlice<UInt8>)? {
        let found = starts(of: text)
        return found.count == 1 ? split(at: found[0], text) : nil
    }

    private func split(at index: Int, _ text: String) -> (ArraySlice<UInt8>, ArraySlice<UInt8>) {
        (self[startIndex..<index], self[(index + text.utf8.count)..<endIndex])
    }

    private func starts(of text: String) -> [Int] {
        let pattern = Array(text.utf8)
        guard count >= pattern.count else { return [] }
        return (startIndex...(endIndex - pattern.count)).filter {
            self[$0..<($0 + pattern.count)].elementsEqual(pattern)
        }
    }
}
