import SyncCore
import TestSupport
import Testing

@testable import Index
@testable import SQLite

/// Indexes that are of no use any more, and ones that come from a backup.
struct DamageTests {
    private let stamp = Stamp(device: 1, inode: 2, size: 3, mtime: 4, ctime: 5)

    private func fill(_ path: String, rows: Int = 300) throws {
        let index = try FolderIndex(path: path, newGeneration: "old")
        try index.transaction {
            try index.setRoot(stamp: stamp)
            for number in 0..<rows {
                _ = try index.insertLocal(
                    parent: .root, name: Name("file \(number)"), kind: .file, stamp: stamp, mode: Mode(0o644))
            }
        }
        try index.database.checkpoint()
    }

    @Test func `a sound index is opened, and none is made`() throws {
        try withTemporaryDirectory { directory in
            let path = directory.path("index.db")
            let made = try FolderIndex.openSound(path: path, newGeneration: "one")
            #expect(try made.damaged == nil && made.index.generation == "one")
        }
        try withTemporaryDirectory { directory in
            let path = directory.path("index.db")
            try fill(path)
            let opened = try FolderIndex.openSound(path: path, newGeneration: "new")
            #expect(try opened.damaged == nil && opened.index.generation == "old")
        }
    }

    @Test(arguments: ["cut", "no database", "overwritten page", "marked"])
    func `a damaged one is kept beside, and a new one is made`(how: String) throws {
        try withTemporaryDirectory { directory in
            let path = directory.path("index.db")
            try fill(path)
            var bytes = try #require(directory.read("index.db"))
            switch how {
            case "cut": bytes.removeLast(bytes.count / 2)
            case "no database":
                bytes = Array("not a database, and longer than a header would have to be, so that it is read".utf8)
            case "overwritten page": for place in 8_192..<12_288 { bytes[place] = 0xAA }
            default: FolderIndex.markDamaged(path: path)
            }
            directory.write(bytes, to: "index.db")
            let (index, damaged) = try FolderIndex.openSound(path: path, newGeneration: "new")
            #expect(damaged?.path == path + ".damaged-1" && damaged?.reason.isEmpty == false)
            #expect(try index.generation == "new" && index.children(of: .root).isEmpty)
            #expect(directory.read("index.db.damaged-1") == bytes)
            #expect(!directory.names(in: "").contains("index.db.damaged"))
        }
    }

    @Test func `each damaged one is kept`() throws {
        try withTemporaryDirectory { directory in
            let path = directory.path("index.db")
            for number in 1...3 {
                directory.write("damaged \(number)", to: "index.db")
                let aside = try FolderIndex.openSound(path: path, newGeneration: "g").damaged?.path
                #expect(aside == "\(path).damaged-\(number)")
            }
            #expect(directory.text("index.db.damaged-2") == "damaged 2")
        }
    }

    @Test func `a renewed index knows the disk, and nothing of the hub`() throws {
        let index = try FolderIndex.memory(newGeneration: "old")
        try index.begin(epoch: "e")
        try index.setRoot(stamp: stamp)
        let entry = try index.insertLocal(
            parent: .root, name: Name("f"), kind: .directory, stamp: stamp, mode: Mode(0o755))
        let node = Node(
            id: NodeID(7), location: Location(parent: .root, name: try Name("f")), content: .directory(Mode(0o755)))
        var row = try #require(try index.local(entry))
        row.node = node.id
        try index.update(row)
        try index.setSynced(node.id, SyncedState(node))
        try index.receive([], through: Sequence(9), chain: "09")
        let next = try index.takeNumbers(3).upperBound
        try index.setInflight([Inflight(number: 1, verb: .delete, entry: nil, node: node.id)], request: "r")
        try index.renew(generation: "new")
        #expect(try index.generation == "new" && index.epoch == nil && index.inflightRequest == nil)
        #expect(try index.received == .zero && index.seen.seq == .zero && index.seen.chain == nil)
        #expect(try index.local(entry)?.stamp == stamp && index.local(entry)?.node == nil)
        #expect(try index.synced(node.id) == nil && index.nextNumber == next)
    }

    @Test func `what an answer told of the history counts until a page is past it`() throws {
        let index = try FolderIndex.memory(newGeneration: "g")
        try index.receive([], through: Sequence(4), chain: "04")
        try index.see(Sequence(6), chain: "06")
        #expect(try index.seen == (Sequence(6), "06"))
        try index.see(Sequence(5), chain: "05")
        #expect(try index.seen == (Sequence(6), "06"))
        try index.receive([], through: Sequence(6), chain: "6")
        #expect(try index.seen == (Sequence(6), "6"))
        try index.begin(epoch: "other", head: Sequence(3))
        #expect(try index.seen.seq == .zero && index.hearsFirst == Sequence(3))
    }
}
