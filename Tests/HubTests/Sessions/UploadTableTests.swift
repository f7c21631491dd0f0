import FileTree
import Journal
import SyncCore
import Testing

@testable import Hub

/// What the records of sessions make of files: whole, open or broken.
struct UploadTableTests {
    /// Sessions of `phone` (1, 3) and `tablet` (2).
    private struct Told {
        var table = UploadTable()

        init() throws {
            let place = SessionPlace(share: Array("/share".utf8), start: Array("/share".utf8))
            for (id, name) in [(UInt64(1), "phone"), (2, "tablet"), (3, "phone")] {
                table.begin(SessionID(rawValue: id), try ClientName(name), place)
            }
        }

        /// All sockets are read before and after each line.
        mutating func say(_ lines: String..., by id: UInt64 = 1) {
            for line in lines {
                sayAtOnce(line, by: id)
                for _ in 0..<2 { table.endRound() }
            }
        }
        /// Nobody knows what was said first by whom.
        mutating func sayAtOnce(_ line: String, by id: UInt64) {
            table.note(SessionRecord(Array((line + "\r\n").utf8)), by: SessionID(rawValue: id))
        }
        mutating func end(_ id: UInt64 = 1) { table.end(SessionID(rawValue: id)) }

        mutating func finished() -> [String] { table.takeFinished().map { "\($0)" } }

        var open: [String: String] { names(table.view.open) }
        var broken: [String: String] { names(table.view.broken) }
        private func names(_ found: [RelativePath: String]) -> [String: String] {
            Dictionary(uniqueKeysWithValues: found.map { ("\($0.key)", $0.value) })
        }
    }

    private static let new = "open \"a\" flags WRITE,CREATE,TRUNCATE mode 0644"
    private static let resumed = "open \"a\" flags WRITE mode 0644"

    @Test func `a file is open until it is closed, and whole then`() throws {
        var told = try Told()
        told.say(Self.new)
        #expect(told.open == ["a": "phone"])
        told.say("close \"a\" bytes read 0 written 5")
        #expect(told.open.isEmpty && told.broken.isEmpty)
        told.end()
        #expect(told.broken.isEmpty)
    }

    @Test func `a file that is only read is neither open nor broken`() throws {
        var told = try Told()
        told.say("open \"a\" flags READ mode 0644", "forced close \"a\" bytes read 5 written 0")
        #expect(told.open.isEmpty && told.broken.isEmpty)
    }

    @Test func `a line that is lost leaves it broken, also when nobody could tell`() throws {
        var told = try Told()
        told.say(Self.new, "forced close \"a\" bytes read 0 written 5", "session closed for local user a from b")
        told.end()
        #expect(told.open.isEmpty && told.broken == ["a": "phone"])
        told.say("open \"b\" flags WRITE mode 0644", by: 2)
        told.end(2)
        #expect(told.broken == ["a": "phone", "b": "tablet"])
    }

    @Test func `what was opened, and not written to, is as it was`() throws {
        var told = try Told()
        told.say(Self.resumed, "forced close \"a\" bytes read 3 written 0")
        #expect(told.broken.isEmpty)
        told.say("open \"b\" flags WRITE,CREATE mode 0644", "forced close \"b\" bytes read 0 written 0")
        #expect(told.broken == ["b": "phone"])
    }

    @Test func `a broken one is whole when it was gone on with and closed, and not when nothing was written`() throws {
        var told = try Told()
        told.say(Self.new, "forced close \"a\" bytes read 0 written 5")
        told.say(Self.resumed, "close \"a\" bytes read 0 written 0", by: 2)
        #expect(told.broken == ["a": "tablet"])
        told.say(Self.resumed, by: 2)
        #expect(told.open == ["a": "tablet"])
        told.say("close \"a\" bytes read 0 written 7", by: 2)
        #expect(told.open.isEmpty && told.broken.isEmpty)
        told.say(Self.new, "forced close \"a\" bytes read 0 written 5", Self.new, "close \"a\" bytes read 0 written 0")
        #expect(told.broken.isEmpty)
    }

    @Test func `an open that fails opens nothing, and a question that fails is none`() throws {
        var told = try Told()
        told.say(Self.new, "sent status Permission denied")
        #expect(told.open.isEmpty)
        told.say(Self.new, "stat name \"b\"", "sent status No such file")
        #expect(told.open == ["a": "phone"])
    }

    @Test func `an open that was answered with another one's error is known by its close`() throws {
        var told = try Told()
        told.say(Self.new, "sent status Permission denied", "close \"a\" bytes read 0 written 5")
        #expect(told.broken.isEmpty)
        told.say(Self.new, "sent status Permission denied", "forced close \"a\" bytes read 0 written 5")
        #expect(told.broken == ["a": "phone"])
    }

    @Test func `a session that may only read makes nothing busy`() throws {
        var told = try Told()
        told.say(Self.new, "Refusing open request in read-only mode", "sent status Permission denied", "realpath \".\"")
        #expect(told.open.isEmpty)
        told.end()
        #expect(told.broken.isEmpty)
    }

    @Test func `bytes that could not be written leave it broken, though it is closed`() throws {
        var told = try Told()
        told.say(
            Self.new, "lstat name \"b\"", "process_write: write \"a\": No space left on device", "sent status Failure",
            "close \"a\" bytes read 0 written 5")
        #expect(told.broken == ["a": "phone"])
        // The first write came up short, which is told by its answer alone: it looks like the answer to the open.
        told.say("open \"b\" flags WRITE,CREATE mode 0644", "sent status Failure", "close \"b\" bytes read 0 written 0")
        #expect(told.broken == ["a": "phone", "b": "phone"])
        // The close itself fails.
        told.say("open \"c\" flags WRITE,CREATE mode 0644", "close \"c\" bytes read 0 written 4", "sent status Failure")
        #expect(told.broken.keys.sorted() == ["a", "b", "c"])
    }

    @Test func `of two handles of one name the one that writes counts`() throws {
        var told = try Told()
        told.say(
            "open \"a\" flags READ mode 0644", Self.resumed, "open \"a\" flags READ mode 0644",
            "close \"a\" bytes read 9 written 0", "close \"a\" bytes read 0 written 0")
        #expect(told.open == ["a": "phone"])
        told.say("close \"a\" bytes read 0 written 9")
        #expect(told.open.isEmpty && told.broken.isEmpty)
    }

    @Test func `a file that two write is open until both have closed it`() throws {
        var told = try Told()
        told.say(Self.new)
        told.say(Self.resumed, by: 2)
        told.say("close \"a\" bytes read 0 written 9")
        #expect(told.open == ["a": "tablet"])
    }

    @Test(arguments: [true, false])
    func `what a device has finished by another session is whole, however the first one ends`(isTold: Bool) throws {
        var told = try Told()
        told.say(Self.new)
        told.say(Self.resumed, "close \"a\" bytes read 0 written 9", by: 3)
        #expect(told.open == ["a": "phone"])
        if isTold { told.say("forced close \"a\" bytes read 0 written 5") }
        told.end()
        #expect(told.open.isEmpty && told.broken.isEmpty)
    }

    @Test func `it is not when that was another device, wrote nothing, had opened it before, or was no other session`()
        throws
    {
        var told = try Told()
        told.say(Self.new)
        told.say(Self.resumed, "close \"a\" bytes read 0 written 9", by: 2)
        told.say(Self.resumed, "close \"a\" bytes read 0 written 0", by: 3)
        told.end()
        #expect(told.broken == ["a": "phone"])
        told = try Told()
        told.say(Self.resumed, by: 3)
        told.say(Self.new)
        told.say("close \"a\" bytes read 0 written 9", by: 3)
        told.say("forced close \"a\" bytes read 0 written 5")
        #expect(told.broken == ["a": "phone"])
        told = try Told()
        told.say(Self.new, Self.resumed, "close \"a\" bytes read 0 written 9")
        told.say("forced close \"a\" bytes read 0 written 5")
        #expect(told.broken == ["a": "phone"])
    }

    @Test func `it is also when the first one's open was answered with an error that was another one's`() throws {
        var told = try Told()
        told.say(Self.new, "sent status Permission denied")
        told.say(Self.resumed, "close \"a\" bytes read 0 written 9", by: 3)
        told.say("forced close \"a\" bytes read 0 written 5")
        #expect(told.open.isEmpty && told.broken.isEmpty)
    }

    @Test func `bytes that the first one could not write leave it broken all the same`() throws {
        var told = try Told()
        told.say(Self.new, "process_write: write \"a\": No space left on device")
        told.say(Self.resumed, "close \"a\" bytes read 0 written 9", by: 3)
        told.say("forced close \"a\" bytes read 0 written 5")
        #expect(told.broken == ["a": "phone"])
    }

    @Test func `a rename clears the file that has it, and takes along what is in a directory`() throws {
        var told = try Told()
        for name in ["a", "d/e/a"] {
            told.say("open \"\(name)\" flags WRITE mode 0644", "forced close \"\(name)\" bytes read 0 written 1")
        }
        told.say("rename old \"a\" new \"b\"", "rename old \"d\" new \"f\"", "realpath \".\"")
        #expect(told.broken == ["f/e/a": "phone"])
    }

    @Test func `an open file is followed to its new name, and closed by its old one`() throws {
        var told = try Told()
        told.say("open \"d/a\" flags WRITE mode 0644", "rename old \"d\" new \"e\"")
        // It may be done by now, or not.
        #expect(told.open == ["d/a": "phone", "e/a": "phone"])
        told.say("posix-rename old \"e/a\" new \"b\"", "realpath \".\"")
        #expect(told.open == ["b": "phone"])
        told.say("forced close \"d/a\" bytes read 0 written 1")
        #expect(told.broken == ["b": "phone"])
    }

    @Test func `a rename that fails has renamed nothing`() throws {
        var told = try Told()
        told.say(Self.new, "rename old \"a\" new \"b\"", "sent status Failure", "realpath \".\"")
        #expect(told.open == ["a": "phone"])
    }

    @Test func `what was replaced or removed has no name to be broken under`() throws {
        var told = try Told()
        told.say(Self.new, "open \"b\" flags WRITE mode 0644")
        told.say("posix-rename old \"c\" new \"a\"", "remove name \"b\"", "realpath \".\"", by: 2)
        #expect(told.open.isEmpty)
        told.end()
        #expect(told.broken.isEmpty)
    }

    @Test func `what a session told long ago says nothing about files that were opened since`() throws {
        var told = try Told()
        told.say("remove name \"a\"")
        told.say(Self.new, by: 2)
        told.say("realpath \".\"")
        #expect(told.open == ["a": "tablet"])
        told.say("posix-rename old \"a\" new \"b\"")
        told.say("close \"a\" bytes read 0 written 1", by: 2)
        // The file that is there now, and no longer the one that goes to b.
        told.say(Self.new, by: 2)
        #expect(told.open == ["a": "tablet"])
        told.say("realpath \".\"")
        told.end(1)
        #expect(told.open == ["a": "tablet"])
        told.say("forced close \"a\" bytes read 0 written 1", by: 2)
        #expect(told.open.isEmpty && told.broken == ["a": "tablet"])
    }

    @Test func `what broke off after a removal was told is broken still when that is done`() throws {
        var told = try Told()
        told.say("remove name \"a\"")
        told.say(Self.new, "forced close \"a\" bytes read 0 written 1", by: 2)
        told.say("realpath \".\"")
        #expect(told.broken == ["a": "tablet"])
        // Now it is that file.
        told.say("remove name \"a\"", "realpath \".\"")
        #expect(told.broken.isEmpty)
    }

    @Test func `where nobody knows whether a file was opened before it was renamed, it counts as both`() throws {
        var told = try Told()
        told.sayAtOnce("open \"a\" flags WRITE mode 0644", by: 2)
        told.sayAtOnce("rename old \"a\" new \"b\"", by: 1)
        told.table.endRound()
        told.sayAtOnce("remove name \"b\"", by: 1)
        told.sayAtOnce("realpath \".\"", by: 1)
        #expect(told.open == ["a": "tablet", "b": "tablet"])
        told.end(2)
        #expect(told.broken == ["a": "tablet", "b": "tablet"])
    }

    @Test func `a closed file is finished if something was written to it, and that is told once`() throws {
        var told = try Told()
        told.say(Self.resumed, "close \"a\" bytes read 0 written 0")
        let unwritten = told.finished()
        told.say(Self.resumed, "close \"a\" bytes read 0 written 1")
        let (written, again) = (told.finished(), told.finished())
        #expect(unwritten.isEmpty && written == ["a"] && again.isEmpty)
        told.say(Self.new, "forced close \"a\" bytes read 0 written 1")
        told.say(Self.new, "process_write: write \"a\": No space left on device", "close \"a\" bytes read 0 written 1")
        let broken = told.finished()
        #expect(broken.isEmpty)
    }

    @Test func `a request that is refused says nothing about the open before it`() throws {
        var told = try Told()
        told.say(Self.new, "Refusing denylisted setstat request", "sent status Permission denied")
        #expect(told.open == ["a": "phone"])
        told.end()
        #expect(told.broken == ["a": "phone"])
        told.say(
            "posix-rename old \"d\" new \"e\"", "Refusing denylisted lsetstat request", "sent status Permission denied",
            "realpath \".\"", by: 2)
        told.say("open \"e/a\" flags WRITE mode 0644", by: 2)
        #expect(told.open == ["e/a": "tablet"])
    }

    @Test func `a copy that failed on the way is broken, though it is closed`() throws {
        var told = try Told()
        told.say(
            "open \"a\" flags READ mode 0644", "open \"b\" flags WRITE,CREATE,TRUNCATE mode 0644",
            "process_extended_copy_data: write failed: 512 != 4096: No space left on device", "sent status Failure",
            "close \"a\" bytes read 4096 written 0", "close \"b\" bytes read 0 written 512")
        #expect(told.broken == ["b": "phone"])
    }

    @Test func `a close that was cut closes the one file that it can mean`() throws {
        let long = String(repeating: "d", count: 200) + "/" + String(repeating: "a", count: 250)
        let name = [long, long, String(repeating: "c", count: 77)].joined(separator: "/")
        let open = "open \"\(name)\" flags WRITE mode 0644"
        try #require(open.utf8.count == 1_010)
        func cut(_ text: String) -> String { String(text.prefix(1_021)) }
        let forced = cut("forced close \"\(name)\" bytes read 0 written 1234567890")
        let large = cut("close \"\(name)\" bytes read 12345 written 1234567890")
        let idle = cut("close \"\(name)\" bytes read 1234567890123 written 0")
        var told = try Told()
        told.say(open, "open \"a\" flags WRITE mode 0644", large)
        #expect(told.open == ["a": "phone"] && told.broken.isEmpty)
        told.say(open, forced)
        #expect(told.open == ["a": "phone"] && told.broken == [name: "phone"])
        // Whether anything was written is not known: then it is no more than it was.
        told.say(open, idle)
        #expect(told.broken == [name: "phone"])
        told.say(open, large)
        #expect(told.broken.isEmpty)
        // Another one whose name begins so.
        told.say(open, String(large.dropLast(50)) + "x" + String(large.suffix(49)))
        #expect(told.open == ["a": "phone", name: "phone"])
    }

    @Test func `what the hub renames stays broken, and what somebody has noted is forgotten`() throws {
        var told = try Told()
        told.say(
            Self.new, "forced close \"a\" bytes read 0 written 1", "open \"d/b\" flags WRITE mode 0644",
            "realpath \".\"")
        let path = { (text: String) in try RelativePath(bytes: Array(text.utf8)) }
        told.table.moved(try path("a"), try path("c"))
        told.table.moved(try path("d"), try path("e"))
        #expect(told.broken == ["c": "phone"] && told.open == ["e/b": "phone"])
        told.table.forget(try path("c"))
        #expect(told.broken.isEmpty)
    }

    @Test func `what cannot be read, and who is not known, changes nothing`() throws {
        var told = try Told()
        told.say("open \"/etc/passwd\" flags WRITE mode 0644", "open \"../a\" flags WRITE mode 0644", "rename old \"a")
        told.say(Self.new, by: 4)
        told.end(4)
        #expect(told.open.isEmpty)
        told.end()
        #expect(told.broken.isEmpty)
    }

    // MARK: - What is made of it

    private func status(size: Int64 = 5, inode: UInt64 = 1, mtime: Nanoseconds = 7) -> FileStatus {
        FileStatus(
            fingerprint: Fingerprint(
                kind: .file, identity: FileIdentity(device: 1, inode: inode), size: size, mtime: mtime, ctime: 9),
            mode: Mode(0o644))
    }

    private static let known = BrokenUpload(
        client: "phone", moment: 3, inode: 1, seen: BrokenUpload.Seen(size: 5, mtime: 7))

    @Test func `a broken upload is known again by inode, size and time`() {
        func answer(_ status: FileStatus, _ record: BrokenUpload? = Self.known) -> UploadRule.Answer {
            UploadRule.answer(open: nil, broken: nil, record: record, status, moment: 9)
        }
        #expect(answer(status()) == UploadRule.Answer(piece: .broken(by: "phone"), record: Self.known))
        for other in [status(size: 6), status(inode: 2), status(mtime: 8)] {
            #expect(answer(other) == UploadRule.Answer())
        }
        #expect(answer(status(), nil) == UploadRule.Answer())
        // It was open when the hub ended: whatever has become of it by now.
        var open = Self.known
        open.seen = nil
        #expect(answer(status(), open).record == Self.known)
        #expect(answer(status(inode: 2), open) == UploadRule.Answer())
    }

    @Test func `what is open is open, and what breaks anew counts from then`() {
        let open = UploadRule.answer(open: "tablet", broken: nil, record: Self.known, status(size: 6), moment: 9)
        #expect(open == UploadRule.Answer(piece: .open(by: "tablet"), record: Self.known))
        let broken = UploadRule.answer(open: nil, broken: "tablet", record: Self.known, status(size: 6), moment: 9)
        let record = BrokenUpload(client: "tablet", moment: 9, inode: 1, seen: BrokenUpload.Seen(size: 6, mtime: 7))
        #expect(broken == UploadRule.Answer(piece: .broken(by: "tablet"), record: record))
    }
}
