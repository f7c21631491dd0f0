import ControlAPI
import Engine
import FileTree
import Glibc
import Index
import SyncCore
import Synchronization
import TestSupport
import Testing
import Transport

@testable import Agent

/// What others are still sending is fetched as far as it has come, with a hub in memory: nothing of it is anybody's file before all of
/// it was verified, and nothing comes twice.
@Suite struct EarlyDownTests {
    private let directory = TemporaryDirectory()
    private let hub = BulkHub()
    private let told = Told()
    /// What the hub tells.
    private final class Told: Sendable {
        /// How often it was asked for the hub: once in each look.
        let looks = Mutex(0)
        let hasCome = Mutex(false)
        let value = Mutex<[Coming]?>([])
    }
    private static let size = 11 << 20
    private static let prefix: Int64 = 6 << 20

    private static func bytes(_ seed: UInt8) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: size) { buffer, filled in
            for index in 0..<size { buffer[index] = UInt8(truncatingIfNeeded: index >> 7) ^ seed }
            filled = size
        }
    }

    private func worker(mode: SyncMode = .twoWay, ignoring: [String] = []) throws -> FolderWorker {
        let path = directory.path("home")
        try Files.makeDirectories(path + "/folder")
        if directory.names(in: "home/folder").isEmpty {
            try FolderMarker.write(folder: path + "/folder", of: AgentLayout(home: path))
        }
        let worker = try FolderWorker(
            folder: path + "/folder", standIn: path + "/absent", index: path + "/index.db", debounce: 1,
            longest: 1_000, carrying: .nothing, trashDays: 30, mode: mode, ignoring: ignoring, client: "ann",
            onWork: {})
        try worker.perform { if try $0.index.epoch == nil { try $0.index.begin(epoch: "e") } }
        worker.lookAtEverything()
        worker.waitUntilLooked()
        return worker
    }

    private func pass(_ worker: FolderWorker, room: Int64? = nil) -> BulkDown {
        BulkDown(
            worker: worker, connections: 1, room: { _ in room }, connection: { [hub] in hub },
            coming: { [told] in told.value.withLock { $0 } }, isStopping: { false })
    }

    /// The hub tells how much of a file can be read.
    private func tell(_ file: FileContent, through: Int64, at path: String = "f", isReadable: Bool = true) throws {
        let coming = Coming(
            ComingMessage(
                sha256: file.digest.hex, size: file.size, through: through, parent: 1, path: path,
                file: isReadable ? file.digest.hex : nil))
        told.value.withLock { $0 = coming.map { [$0] } }
    }

    private func receive(_ worker: FolderWorker, _ id: Int64, _ name: String, _ file: FileContent, at seq: Int64) throws
    {
        try worker.perform { folder in
            let node = Node(
                id: NodeID(id), location: Location(parent: .root, name: try Name(name)), content: .file(file),
                contentVersion: Version(seq), locationVersion: .first, seq: Sequence(seq))
            try folder.index.receive([node], through: Sequence(seq))
        }
    }

    private func privately() -> [String] { directory.names(in: "home/folder/.synchub/private") }
    private func part(of file: FileContent) -> String { DiskTree.partName(of: file.digest).description }
    private func partSize(_ file: FileContent) -> Int64? {
        directory.read("home/folder/.synchub/private/" + part(of: file)).map { Int64($0.count) }
    }

    @Test func `what has come is fetched, what comes then too, and nothing of it again when its node is told`() throws {
        let worker = try worker()
        defer { worker.stop() }
        let file = hub.hold(EarlyDownTests.bytes(1))
        let pass = pass(worker)
        try tell(file, through: 1 << 20)
        #expect(try !pass.run() && privately().isEmpty)
        try tell(file, through: EarlyDownTests.prefix)
        _ = try pass.run()
        #expect(partSize(file) == EarlyDownTests.prefix && hub.sent == Int(EarlyDownTests.prefix))
        // It is no file of the folder, and nothing that waits.
        #expect(directory.names(in: "home/folder") == [".synchub"])
        #expect(try worker.perform { try $0.backlog().down } == 0)
        try tell(file, through: file.size)
        _ = try pass.run()
        #expect(partSize(file) == file.size)
        // It is being verified there.
        try tell(file, through: file.size, isReadable: false)
        #expect(try !pass.run() && partSize(file) == file.size)
        try receive(worker, 2, "f", file, at: 2)
        told.value.withLock { $0 = [] }
        #expect(try pass.run())
        #expect(directory.read("home/folder/f") == EarlyDownTests.bytes(1))
        #expect(hub.sent == EarlyDownTests.size && privately().isEmpty)
    }

    @Test func `more that comes while it is fetched is fetched along, and a restart goes on with what is here`() throws
    {
        let file = hub.hold(EarlyDownTests.bytes(1))
        do {
            let worker = try worker()
            defer { worker.stop() }
            try tell(file, through: EarlyDownTests.prefix)
            hub.state.withLock {
                $0.before = { [told, file] sent in
                    guard sent > 1 << 20 else { return }
                    let more = ComingMessage(
                        sha256: file.digest.hex, size: file.size, through: 10 << 20, parent: 1, path: "f",
                        file: file.digest.hex)
                    told.value.withLock { $0 = Coming(more).map { [$0] } }
                }
            }
            let pass = pass(worker)
            _ = try pass.run()
            _ = try pass.run()
            #expect(partSize(file) == 10 << 20)
        }
        hub.state.withLock { $0.before = { _ in } }
        let next = try worker()
        defer { next.stop() }
        // Who does not know what is sent removes nothing.
        told.value.withLock { $0 = nil }
        let pass = pass(next)
        #expect(try !pass.run() && partSize(file) == 10 << 20)
        try receive(next, 2, "f", file, at: 2)
        #expect(try pass.run())
        #expect(directory.read("home/folder/f") == EarlyDownTests.bytes(1))
        #expect(hub.sent == EarlyDownTests.size)
    }

    @Test func `one that stands still keeps no other waiting`() throws {
        let worker = try worker()
        defer { worker.stop() }
        let (slow, fast) = (hub.hold(EarlyDownTests.bytes(1)), hub.hold(EarlyDownTests.bytes(2)))
        try tell(slow, through: 1 << 20)
        let first = try #require(told.value.withLock { $0 })
        try tell(fast, through: EarlyDownTests.prefix, at: "g")
        told.value.withLock { $0 = first + ($0 ?? []) }
        _ = try pass(worker).run()
        #expect(partSize(fast) == EarlyDownTests.prefix && partSize(slow) == nil)
    }

    @Test func `what comes of nothing is removed`() throws {
        let worker = try worker()
        defer { worker.stop() }
        let file = hub.hold(EarlyDownTests.bytes(1))
        let pass = pass(worker)
        try tell(file, through: EarlyDownTests.prefix)
        _ = try pass.run()
        #expect(privately() == [part(of: file)])
        // A connection that broke says nothing.
        told.value.withLock { $0 = nil }
        #expect(try !pass.run() && privately() == [part(of: file)])
        told.value.withLock { $0 = [] }
        #expect(try !pass.run() && privately().isEmpty)
    }

    @Test func `bytes that turn out to be others come again, and are nobody's until then`() throws {
        let worker = try worker()
        defer { worker.stop() }
        let file = hub.hold(EarlyDownTests.bytes(1))
        let pass = pass(worker)
        // Somebody writes into what he has sent.
        hub.state.withLock { $0.files[file.digest] = EarlyDownTests.bytes(2) }
        try tell(file, through: EarlyDownTests.prefix)
        _ = try pass.run()
        #expect(partSize(file) == EarlyDownTests.prefix)
        hub.state.withLock { $0.files[file.digest] = EarlyDownTests.bytes(1) }
        told.value.withLock { $0 = [] }
        try receive(worker, 2, "f", file, at: 2)
        #expect(try pass.run())
        #expect(directory.names(in: "home/folder") == [".synchub"] && privately().isEmpty)
        try eventually("it is fetched again") { try pass.run() && directory.names(in: "home/folder").contains("f") }
        #expect(directory.read("home/folder/f") == EarlyDownTests.bytes(1))
    }

    @Test func `what is wanted goes first, and the rest comes after it`() throws {
        let worker = try worker()
        defer { worker.stop() }
        let file = hub.hold(EarlyDownTests.bytes(1))
        let wanted = hub.hold(EarlyDownTests.bytes(3))
        let pass = pass(worker)
        try tell(file, through: EarlyDownTests.prefix)
        try receive(worker, 2, "wanted", wanted, at: 2)
        #expect(try pass.run())
        #expect(directory.read("home/folder/wanted") == EarlyDownTests.bytes(3))
        #expect(partSize(file) == nil)
        // One comes up while the other is fetched, which ends where it is.
        let other = hub.hold(EarlyDownTests.bytes(4))
        let counting = BulkDown(
            worker: worker, connections: 1, room: { _ in nil },
            connection: { [hub, told] in
                told.looks.withLock { $0 += 1 }
                return hub
            }, coming: { [told] in told.value.withLock { $0 } }, looksEvery: -1, isStopping: { false })
        let arrive: @Sendable (Int) throws -> Void = { [self] _ in
            if told.hasCome.withLock({ $0 }) { return }
            try receive(worker, 3, "other", other, at: 3)
            told.hasCome.withLock { $0 = true }
            // Nothing more moves before it has been looked once, from beginning to end, what goes first.
            let seen = told.looks.withLock { $0 }
            try eventually("it was looked") { told.looks.withLock { $0 } >= seen + 2 }
        }
        hub.state.withLock { $0.before = arrive }
        try tell(file, through: file.size)
        #expect(try counting.run())
        hub.state.withLock { $0.before = { _ in } }
        let rest = try #require(partSize(file))
        #expect(rest < file.size)
        #expect(try pass.run())
        #expect(directory.read("home/folder/other") == EarlyDownTests.bytes(4))
        _ = try pass.run()
        #expect(partSize(file) == file.size)
    }

    @Test func `what would not come here is not fetched early`() throws {
        let file = hub.hold(EarlyDownTests.bytes(1))
        func expectNothing(_ worker: FolderWorker, at path: String = "f", room: Int64? = nil) throws {
            defer { worker.stop() }
            try tell(file, through: file.size, at: path)
            #expect(try !pass(worker, room: room).run())
            #expect(privately().isEmpty && hub.sent == 0)
        }
        try expectNothing(worker(mode: .sendOnly(deletes: true)))
        try expectNothing(worker(ignoring: ["*.iso"]), at: "deep/large.iso")
        try expectNothing(worker(ignoring: ["cache/"]), at: "cache/f")
        try expectNothing(worker(), room: 2 * file.size - 1)
        // It is here, under another name.
        let here = try worker()
        try receive(here, 2, "copy", file, at: 2)
        #expect(try pass(here).run())
        let sent = hub.sent
        try tell(file, through: file.size)
        #expect(try !pass(here).run())
        here.stop()
        #expect(privately().isEmpty && hub.sent == sent)
    }
}
