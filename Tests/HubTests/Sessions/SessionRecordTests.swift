import SyncCore
import Testing

@testable import Hub

/// What sftp-server says, byte by byte as OpenSSH 9.2 was seen to say it.
struct SessionRecordTests {
    private static func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }
    private func parse(_ text: String) -> SessionRecord { SessionRecord(Array((text + "\r\n").utf8)) }

    private static let whole: [(String, SessionRecord)] = [
        (
            "open \"/hub/share/a b\" flags WRITE,CREATE,TRUNCATE mode 0666",
            .opened(name: bytes("/hub/share/a b"), OpenMode(writes: true, creates: true, truncates: true))
        ),
        ("open \"a\" flags READ mode 0666", .opened(name: bytes("a"), OpenMode())),
        ("open \"a\" flags READ,WRITE,APPEND mode 00", .opened(name: bytes("a"), OpenMode(writes: true))),
        (
            "close \"a\" bytes read 0 written 18446744073709551615",
            .closed(name: bytes("a"), read: 0, written: .max, isForced: false)
        ),
        ("forced close \"a\" bytes read 7 written 2", .closed(name: bytes("a"), read: 7, written: 2, isForced: true)),
        ("rename old \"a\" new \"b\"", .renamed(from: bytes("a"), to: bytes("b"))),
        ("posix-rename old \"a\" new \"b\"", .renamed(from: bytes("a"), to: bytes("b"))),
        ("remove name \"a\"", .removed(name: bytes("a"))),
        ("sent status No such file", .failed(isGeneral: false)),
        ("sent status Failure", .failed(isGeneral: true)),
        ("Refusing open request in read-only mode", .failed(isGeneral: false)),
        ("sent status Operation unsupported", .other),
        ("Refusing denylisted setstat request", .other),
        ("process_extended_copy_data: read failed: Input/output error", .writeFailed),
        ("process_write: write \"full\": File too large", .writeFailed),
        ("rmdir name \"a\"", .removed(name: bytes("a"))),
        ("mkdir name \"a\" mode 0777", .made(name: bytes("a"))),
        ("symlink old \"to\" new \"a\"", .made(name: bytes("a"))),
        ("hardlink old \"b\" new \"a\"", .made(name: bytes("a"))),
        ("set \"a\" size 3", .changed(name: bytes("a"), bytes: true)),
        ("set \"a\" mode 0644", .changed(name: bytes("a"), bytes: false)),
        ("set \"a\" size 3\" modtime 20261121-22:00:00", .changed(name: bytes("a\" size 3"), bytes: false)),
        ("set \"a\" owner 0 group 0", .changed(name: bytes("a"), bytes: false)),
        ("stat name \"a\"", .looked(name: bytes("a"))), ("lstat name \"a\"", .looked(name: bytes("a"))),
        ("opendir \"a\"", .listed(name: bytes("a"))), ("statvfs \"a\"", .other),
        ("closedir \"a\"", .other), ("session closed for local user root from [UNKNOWN]", .other),
    ]

    @Test(arguments: SessionRecordTests.whole)
    func `each line is read`(_ text: String, _ record: SessionRecord) { #expect(parse(text) == record) }

    private static let escaped: [(String, [UInt8])] = [
        (#"x\\y"#, bytes(#"x\y"#)),
        (#"\303\251"#, [0xC3, 0xA9]),
        (#"\033[31m\377"#, [0x1B] + bytes("[31m") + [0xFF]),
        ("line\nbreak\r\ttab\u{7}", bytes("line\nbreak\r\ttab\u{7}")),
        (#""quoted""#, bytes(#""quoted""#)),
        (#"a" flags READ mode 0644"#, bytes(#"a" flags READ mode 0644"#)),
        ("a\" flags READ mode 0644\r\nremove name \"b", bytes("a\" flags READ mode 0644\r\nremove name \"b")),
    ]

    @Test(arguments: SessionRecordTests.escaped)
    func `a name is given back byte by byte, whatever is in it`(_ text: String, _ name: [UInt8]) {
        #expect(parse("open \"\(text)\" flags WRITE mode 0644") == .opened(name: name, OpenMode(writes: true)))
        #expect(
            parse("close \"\(text)\" bytes read 0 written 1")
                == .closed(name: name, read: 0, written: 1, isForced: false))
        #expect(parse("rename old \"\(text)\" new \"b\"") == .renamed(from: name, to: Self.bytes("b")))
    }

    @Test(arguments: [
        "rename old \"a\" new \"b\" new \"c\"", "rename old \"a\"", "rename old \"a\" new \"b", "open \"a",
        "open \"a\" flags SOMETHING mode 0644", "open \"a\" flags WRITE", "close \"a\" bytes read x written 1",
        "remove name \"a\u{0}\"", #"remove name "a\8""#, #"remove name "a\400""#, #"remove name "a\000""#,
        #"remove name "a\"#,
        "close \"a\" bytes read 0 written 18446744073709551616",
    ])
    func `what can be read in two ways, or in none, is unclear`(_ text: String) { #expect(parse(text) == .unclear) }

    @Test func `of a line that may have been cut the beginning of its name is left, and a shorter one is read`() {
        let tail = "\" flags WRITE mode 0644"
        func line(_ count: Int) -> String {
            "open \"" + String(repeating: "a", count: count - 6 - tail.utf8.count) + tail
        }
        #expect(parse(line(1_018)) == .cut(beginning: Self.bytes(String(line(1_018).dropFirst(6)))))
        #expect(parse(line(1_017)) != parse(line(1_018)))
        // In the middle of an escape.
        let long = String(repeating: #"\303\251"#, count: 130)
        for rest in 0..<4 {
            let text = "remove name \"" + long.dropLast(rest)
            let count = rest == 0 ? 260 : 259
            let bytes = Array(String(repeating: "\u{E9}", count: 130).utf8.prefix(count))
            #expect(parse(text) == .cut(beginning: bytes), "\(rest)")
        }
        #expect(parse("rename old \"" + long) == .unclear)
        #expect(parse("lstat name \"" + long) == .other)
        #expect(SessionRecord(Self.bytes("remove name \"a\"")) == .unclear)
        #expect(SessionRecord([]) == .unclear)
    }

    private static let places: [(String, String?)] = [
        ("/hub/share/a/b", "a/b"), ("a", "d/a"), ("./a/./b/", "d/a/b"), ("/hub/share/", ""), ("/hub//share/a", "a"),
        ("/hub/shared/a", nil), ("/hub", nil), ("/etc/passwd", nil), ("../a", nil), ("/hub/share/d/../a", nil),
        ("", "d"),
    ]

    @Test(arguments: SessionRecordTests.places)
    func `a name is found in the share, or nowhere`(_ name: String, _ path: String?) throws {
        let place = SessionPlace(share: Self.bytes("/hub/share"), start: Self.bytes("/hub/share/d"))
        let wanted = try path.map { try RelativePath(bytes: Self.bytes($0)) }
        #expect(place.path(of: Self.bytes(name)) == wanted)
    }

    @Test func `a session says who it is, and nobody else is taken for one`() throws {
        let hello = SessionHello(client: try ClientName("my-phone"), start: Self.bytes("/hub/my share"))
        #expect(SessionHello(hello.bytes) == hello)
        for text in ["", "synchub-sftp 1 my-phone", "synchub-sftp 1 ../x /hub", "synchub-sftp 2 a /hub"] {
            #expect(SessionHello(Self.bytes(text)) == nil)
        }
    }
}
