import Glibc
import Hashing
import SyncCore
import TestSupport
import Testing

@testable import FileTree

struct StagedFileTests {
    let play: Playground
    init() throws { play = try Playground() }

    @Test func `the private area is closed to others and remembers what a crash left`() throws {
        var status = stat()
        stat(play.area.path, &status)
        #expect(status.st_mode & 0o777 == 0o700)
        let kept = try play.area.newFile(named: Name("upload"))
        try kept.append(Array("half".utf8))
        kept.keep()
        play.directory.makeDirectory("private/tree/below")
        play.directory.write("x", to: "private/tree/below/file")
        #expect(try play.area.items().map(\.name.description) == ["tree", "upload"])
        for item in try play.area.items() { try item.remove() }
        #expect(try play.area.items().isEmpty)
    }

    @Test func `an area inside a tree makes the directories above it`() throws {
        let area = try PrivateArea(in: play.tree, at: at(".synchub/staging"))
        _ = try area.newFile(named: Name("x")).finish(mode: Mode(0o600), mtime: 0, expecting: nil, sync: true)
        #expect(play.directory.names(in: "tree/.synchub/staging") == ["x"])
        _ = try PrivateArea(in: play.tree, at: at(".synchub/staging"))
    }

    @Test(arguments: [0o000, 0o400, 0o600, 0o644, 0o666, 0o777])
    func `a file made with its mode has exactly that when it is finished`(bits: Int) throws {
        let mode = Mode(UInt16(bits))
        for made in [mode, Mode(0o600), Mode(0o777)] {
            let file = try play.area.newFile(mode: made)
            try file.append([1, 2])
            let item = try file.finish(mode: mode, mtime: 5, expecting: nil, sync: true)
            #expect(item.status.mode == mode)
            #expect(try play.area.item(named: item.name)?.status == item.status)
        }
    }

    @Test func `bytes that were appended unhashed count for the digest`() throws {
        let file = try play.area.newFile()
        try file.append(Array("one".utf8))
        try file.append(unhashed: Array("two".utf8))
        try file.append(Array("three".utf8))
        #expect(file.size == 11)
        #expect(try file.digest() == digest("onetwothree"))
    }

    @Test func `a file that is not finished goes with its last reference`() throws {
        do {
            let file = try play.area.newFile()
            try file.append([1, 2, 3])
            #expect(try play.area.items().count == 1)
        }
        #expect(try play.area.items().isEmpty)
    }

    @Test func `bytes that are not those promised are not finished`() throws {
        let file = try play.area.newFile()
        try file.append(Array("other".utf8))
        let outcome = reason {
            _ = try file.finish(mode: Mode(0o644), mtime: 0, expecting: digest("promised"), sync: false)
        }
        #expect(outcome == .wrongContent(expected: digest("promised"), found: digest("other")))
    }

    @Test func `written in any order and twice, the digest is that of the bytes`() throws {
        let file = try play.area.newFile()
        try file.append(Array("aaaa".utf8))
        try file.write(Array("dd".utf8), at: 8)
        try file.write(Array("bbcc".utf8), at: 4)
        try file.write(Array("A".utf8), at: 0)
        try file.append(Array("e".utf8))
        #expect(file.size == 11)
        #expect(try file.digest() == digest("Aaaabbccdde"))
        try file.append(Array("f".utf8))
        try file.resize(to: 12)
        #expect(try file.digest() == digest("Aaaabbccddef"))
        try file.resize(to: 2)
        try file.reserve(1 << 16)
        _ = try file.finish(mode: Mode(0o600), mtime: 0, expecting: digest("Aa"), sync: true)
    }

    @Test func `a finished file has no writer, though its maker is still there`() throws {
        let file = try play.area.newFile()
        try file.append([1])
        let item = try file.finish(mode: Mode(0o600), mtime: 0, expecting: nil, sync: false)
        #expect(try item.open().isWriterActive() == false)
        withExtendedLifetime(file) {}
    }

    @Test func `a kept file is written on after a restart`() throws {
        let name = try Name("large")
        let first = try play.area.newFile(named: name)
        try first.append(Array("first ".utf8))
        first.keep()
        #expect(reason { _ = try play.area.newFile(named: name) } == .occupied)
        let second = try #require(try play.area.resumeFile(named: name))
        try second.append(Array("second".utf8))
        _ = try second.finish(mode: Mode(0o600), mtime: 0, expecting: digest("first second"), sync: false)
        let none = try play.area.resumeFile(named: Name("none"))
        #expect(none == nil)
    }

    @Test(arguments: [true, false]) func `ranges of other files are copied and hashed`(hashing: Bool) throws {
        let text = String(repeating: "0123456789", count: 300_000)
        play.write(text, "source")
        let source = try play.tree.openFile(at("source"))
        let file = try play.area.newFile()
        try file.append(Array("<".utf8))
        try file.append(5..<2_500_005, of: source, hashing: hashing)
        try file.append(Array(">".utf8))
        let expected = "<" + text.dropFirst(5).prefix(2_500_000) + ">"
        #expect(try file.digest() == digest(String(expected)))
        #expect(reason { try file.append(2_999_999..<3_000_001, of: source, hashing: hashing) } == .changedWhileRead)
    }

    // MARK: - Holes

    /// 16 MiB with 64 KiB of data in the middle, and nothing else.
    private func sparse(_ name: String) throws -> FileReader {
        let descriptor = open(play.onDisk(name), O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
        defer { close(descriptor) }
        try #require(ftruncate(descriptor, 16 << 20) == 0)
        let data = [UInt8](repeating: 7, count: 64 << 10)
        try #require(pwrite(descriptor, data, data.count, 8 << 20) == data.count)
        return try play.tree.openFile(at(name))
    }

    private func bytesOfSparse() -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 16 << 20)
        for index in 8 << 20..<8 << 20 + 64 << 10 { bytes[index] = 7 }
        return bytes
    }

    /// In bytes.
    private func room(_ file: StagedFile) -> Int64 {
        var status = stat()
        return lstat(file.area.path + "/" + file.name.description, &status) == 0 ? Int64(status.st_blocks) * 512 : -1
    }

    @Test(arguments: [true, false]) func `what is a hole in a file is a hole in its copy`(hashing: Bool) throws {
        let source = try sparse("source")
        let file = try play.area.newFile()
        try file.append(0..<16 << 20, of: source, hashing: hashing)
        #expect(file.size == 16 << 20)
        #expect(room(file) < 256 << 10)
        // Who does not read it has to, before it is what it should be.
        #expect(file.believesHoles == !hashing)
        #expect(try file.digest() == Digest(bytes: sha256(bytesOfSparse())))
    }

    @Test func `a small file that is large by now is not read at once`() throws {
        let source = try sparse("source")
        #expect(reason { _ = try source.hashedContent(atMost: 64 << 10) } == .changedWhileRead)
        let read = try source.hashedContent(atMost: 16 << 20)
        #expect(read.bytes == bytesOfSparse() && read.hashed.digest == Digest(bytes: sha256(read.bytes)))
    }

    @Test func `holes stay where a range does not begin and end at a page, and what follows them is hashed`() throws {
        let source = try sparse("source")
        let file = try play.area.newFile()
        try file.append([1, 2, 3])
        try file.append(5..<12 << 20, of: source)
        try file.append([4])
        #expect(room(file) < 256 << 10)
        let expected = [1, 2, 3] + bytesOfSparse()[5..<12 << 20] + [4]
        #expect(try file.digest() == Digest(bytes: sha256(expected)))
        #expect(reason { try file.append(15 << 20..<17 << 20, of: source) } == .changedWhileRead)
    }

    @Test func `what is put together from files with holes has them, and zeros that have travelled become some`() throws
    {
        let base = try sparse("base")
        play.write(String(repeating: "\0", count: 2 << 20) + "\u{9}", "new")
        let recipe = try Recipe(
            bases: [digest("base")], numbers: [0, 0, 10 << 20, -1, 0, 2 << 20 + 1, 0, 10 << 20, 6 << 20])
        let file = try play.area.newFile()
        try file.append(recipe, bases: [base], new: play.tree.openFile(at("new")))
        #expect(room(file) < 512 << 10)
        let all = bytesOfSparse()
        let expected = all[..<(10 << 20)] + [UInt8](repeating: 0, count: 2 << 20) + [9] + all[(10 << 20)...]
        #expect(try file.digest() == Digest(bytes: sha256(Array(expected))))
    }

    @Test func `many zeros that come become a hole, and count as what they are`() throws {
        let bytes =
            Array("a".utf8) + [UInt8](repeating: 0, count: 3 << 20) + Array("b".utf8)
            + [UInt8](repeating: 0, count: 5_000)
        let file = try play.area.newFile()
        var writer = HoleWriter(file)
        // As they come from a line: of no round size.
        for start in stride(from: 0, to: bytes.count, by: 30_000) {
            try bytes[start..<min(start + 30_000, bytes.count)].withUnsafeBytes { try writer.append($0) }
        }
        try writer.end()
        #expect(writer.size == Int64(bytes.count))
        let digest = Digest(bytes: sha256(bytes))!  // SAFETY: 32 bytes.
        let item = try file.finish(mode: Mode(0o600), mtime: 0, expecting: digest, sync: false)
        #expect(play.directory.read("private/" + item.name.description) == bytes)
        var status = stat()
        stat(play.area.path + "/" + item.name.description, &status)
        #expect(status.st_blocks * 512 < 1 << 20)
    }

    @Test func `a hole that is none shows in the digest, and is read when nobody asks for holes`() throws {
        let bytes = (0..<1 << 20).map { UInt8(truncatingIfNeeded: $0 / 7) }
        play.directory.write(bytes, to: "tree/f")
        let digest = Digest(bytes: sha256(bytes))!  // SAFETY: 32 bytes.
        let reader = try play.tree.openFile(at("f")).lying(about: 65_536..<1 << 19)
        let file = try play.area.newFile()
        try file.append(0..<Int64(bytes.count), of: reader)
        #expect(file.hasSkippedHoles)
        #expect(try file.digest() != digest)
        let whole = try play.area.newFile()
        whole.asksForHoles = false
        try whole.append(0..<Int64(bytes.count), of: reader)
        #expect(try whole.digest() == digest)
    }

    @Test func `what would not fit on the disk is refused before anything of it is written`() throws {
        let new = try sparse("new")
        let recipe = try Recipe(bases: [], numbers: [-1, 0, 1 << 55])
        let file = try play.area.newFile()
        // Whoever would begin to write is stopped at once.
        #expect(reason { try file.append(recipe, bases: [], new: new) { true } } == .noSpace)
        // The same hole, as often as you like, takes no room.
        let holes = try Recipe(bases: [digest("base")], numbers: [0, 0, 8 << 20, 0, 0, 8 << 20])
        try file.append(holes, bases: [new], new: nil)
        #expect(room(file) == 0)
    }

    @Test(
        arguments: [
            (0..<100, 30), (0..<10, 0), (0..<15, 5), (12..<18, 6), (15..<55, 10), (20..<50, 0), (50..<200, 20),
            (65..<66, 1), (80..<90, 0), (0..<0, 0),
        ] as [(Range<Int64>, Int64)])
    func `data is counted, holes are not`(_ range: Range<Int64>, _ bytes: Int64) {
        #expect(DataMap([10..<20, 50..<70]).bytes(in: range) == bytes)
        #expect(DataMap([]).bytes(in: range) == 0)
    }

    @Test func `a clone, where there are clones, is the same bytes`() throws {
        play.write("shared", "source")
        let file = try play.area.newFile()
        if try file.clone(play.tree.openFile(at("source"))) {
            #expect(try file.digest() == digest("shared"))
        } else {
            #expect(file.size == 0)
        }
    }

    @Test func `what is in one area is kept in another, under a name that must be free`() throws {
        let versions = try PrivateArea(path: play.directory.path("versions"))
        let kept = try play.item("old").move(to: versions, as: Name("1"))
        #expect(try play.text(of: kept) == "old")
        #expect(try play.area.items().isEmpty)
        #expect(reason { _ = try play.item("other").move(to: versions, as: Name("1")) } == .occupied)
    }

    @Test func `a probe tells what the file system can do, and leaves nothing`() throws {
        let found = try Capabilities.probe(play.tree.path)
        #expect(found.noReplace && found.exchange && found.leases && found.nanoseconds)
        #expect(found.space.total > 0 && found.space.free > 0)
        #expect(play.directory.names(in: "tree").isEmpty)
        #expect(reason { _ = try Capabilities.probe(play.directory.path("missing")) } == .notFound)
    }
}
