import ControlAPI
@testable import Engine
import FileTree
import Glibc
import Index
import SyncCore
import TestSupport
import Testing

@testable import Agent

/// How the bytes of a commit travel.
@Suite struct UploadTests {
    private let directory = TemporaryDirectory()
    private let root: TreeRoot

    init() throws { root = try TreeRoot(path: directory.path) }

    private func item(_ number: Int64, _ name: String, _ text: String) throws -> Commit.Item {
        directory.write(text, to: name)
        let path = RelativePath([try Name(name)])
        let hashed = try root.hash(path)
        let content = Content.file(hashed.content)
        let operation = Operation(
            id: OperationID(generation: "g", number: number),
            change: .create(in: .node(.root), name: try Name(name), content: content))
        return Commit.Item(
            operation: operation,
            inflight: Inflight(number: number, verb: .create, entry: EntryID(number), node: nil, content: content),
            path: path, stamp: Stamp(hashed.status), isKnown: false)
    }

    private func sources(_ items: [Commit.Item], inline: Int64) throws -> (sources: [ContentSource?], files: Int) {
        var upload = Upload(root: root, packed: 1 << 20, inline: inline)
        let messages = try upload.prepare(Commit(items: items)) { _, problem in throw problem }
        return (try messages.map { try $0.source?.source() }, upload.files.count)
    }

    @Test func `a little travels in the request itself, and what is there twice once`() throws {
        let items = [try item(1, "a", "hello"), try item(2, "b", "other"), try item(3, "c", "hello")]
        let (found, files) = try sources(items, inline: InlineContents.most)
        #expect(found == [.inline(Array("hello".utf8)), .inline(Array("other".utf8)), .known])
        #expect(files == 0)
    }

    @Test func `a hub that takes nothing in the request gets a pack`() throws {
        let (found, files) = try sources([try item(1, "a", "hello")], inline: 0)
        guard case .staged(_, offset: 0) = found[0] else {
            Issue.record("\(found)")
            return
        }
        #expect(files == 1)
    }

    @Test func `what is too much for the request comes behind it, as far as that may be`() throws {
        let long = String(repeating: "x", count: Int(InlineContents.largest) + 1)
        let items = [try item(1, "a", long), try item(2, "b", "other"), try item(3, "c", long)]
        func prepared(_ most: Int64) throws -> (sources: [ContentSource?], files: Int, behind: [UInt8]) {
            var upload = Upload(root: root, packed: 1 << 20, inline: InlineContents.most, behind: most)
            let messages = try upload.prepare(Commit(items: items)) { _, problem in throw problem }
            return (try messages.map { try $0.source?.source() }, upload.files.count, upload.behind)
        }
        let size = Int64(long.utf8.count)
        let fits = try prepared(size + 5)
        #expect(fits.sources == [.behind(offset: 0), .behind(offset: size), .known])
        #expect(fits.behind == Array((long + "other").utf8))
        #expect(fits.files == 0)
        let isTooMuch = try prepared(size + 4)
        #expect(isTooMuch.behind.isEmpty)
        #expect(isTooMuch.files == 1)
    }

    @Test func `what was just read to be hashed is not read again`() throws {
        let fresh = FreshContents()
        let items = [try item(1, "a", "hello"), try item(2, "b", "other")]
        fresh.keep(Array("hello".utf8), try #require(items[0].file).digest)
        // It is gone from the disk, and its bytes are sent as they were hashed; the other one's are read.
        #expect(unlink(directory.path("a")) == 0)
        var upload = Upload(root: root, packed: 1 << 20, fresh: fresh)
        let messages = try upload.prepare(Commit(items: items)) { _, problem in throw problem }
        #expect(messages.count == 2)
        guard case .bytes(let first) = upload.files[0].parts[0] else {
            Issue.record("\(upload.files)")
            return
        }
        #expect(first == Array("hello".utf8))
        #expect(fresh.take(try #require(items[0].file).digest) == nil)
    }

    @Test func `bytes that nobody takes for a round of reading go`() throws {
        let fresh = FreshContents()
        let digest = try #require(try item(1, "a", "hello").file).digest
        fresh.keep(Array("hello".utf8), digest)
        fresh.begin()
        #expect(fresh.take(digest) == Array("hello".utf8))
        fresh.keep(Array("hello".utf8), digest)
        fresh.begin()
        fresh.begin()
        #expect(fresh.take(digest) == nil)
    }

    @Test func `more than fits into a request goes into a pack, all of it`() throws {
        let long = String(repeating: "x", count: Int(InlineContents.largest) + 1)
        let (found, files) = try sources(
            [try item(1, "a", "hello"), try item(2, "b", long)], inline: InlineContents.most)
        #expect(files == 1)
        for source in found {
            guard case .staged = source else {
                Issue.record("\(found)")
                return
            }
        }
    }
}

/// What came along with a page of changes.
@Suite struct InlineStagingTests {
    @Test func `bytes are staged when they are what was promised, and nothing is left of others`() throws {
        let directory = TemporaryDirectory()
        let area = try PrivateArea(path: directory.path + "/private")
        directory.write("hello", to: "f")
        let file = try TreeRoot(path: directory.path).hash(RelativePath([try Name("f")])).content
        let staged = try InlineStaging.stage(Array("hello".utf8), as: file, in: area)
        #expect(staged.digest == file.digest && staged.isDurable)
        #expect(directory.text("private/" + staged.name) == "hello")
        #expect(throws: FileTreeError.self) { try InlineStaging.stage(Array("hellu".utf8), as: file, in: area) }
        #expect(try area.items().map(\.name.description) == [staged.name])
    }
}
