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

/// Large files on the way down, with a hub in memory: what is cut, waits or fails costs nothing twice, and never anybody's
/// bytes.
@Suite struct BulkDownTests {
    private let directory = TemporaryDirectory()
    private let hub = BulkHub()
    private static let size = 300_000

    private static func bytes(_ seed: UInt64, _ count: Int = size) -> [UInt8] {
        var random = SeededRandom(seed: seed)
        return (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    }

    /// An agent's folder in `place`, looked at.
    private func worker(in place: String = "home", isLooking: Bool = true) throws -> FolderWorker {
        let path = directory.path(place)
        try Files.makeDirectories(path + "/folder")
        if directory.names(in: place + "/folder").isEmpty {
            try FolderMarker.write(folder: path + "/folder", of: AgentLayout(home: path))
        }
        let worker = try FolderWorker(
            folder: path + "/folder", standIn: path + "/absent", index: path + "/index.db", debounce: 1,
            longest: 1_000, carrying: .nothing, trashDays: 30, mode: .twoWay, ignoring: [], client: "ann", onWork: {})
        try worker.perform { if try $0.index.epoch == nil { try $0.index.begin(epoch: "e") } }
        if isLooking {
            worker.lookAtEverything()
            worker.waitUntilLooked()
        }
        return worker
    }

    /// - Parameter looksEvery: in milliseconds.
    private func pass(
        _ worker: FolderWorker, looksEvery: Int64 = 500, isStopping: @escaping @Sendable () -> Bool = { false }
    ) -> BulkDown {
        BulkDown(
            worker: worker, connections: 1, from: 4_096, connection: { [hub] in hub }, looksEvery: looksEvery,
            isStopping: isStopping)
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

    private func privately(_ place: String = "home") -> [String] {
        directory.names(in: place + "/folder/.synchub/private")
    }

    private func part(of file: FileContent) -> String { DiskTree.partName(of: file.digest).description }

    // MARK: - Somebody's bytes

    /// What a killed process would leave is a copy of everything between the swap and the look at what came out.
    @Test func `an edit that a killed agent had swapped out of the folder gets a name there`() throws {
        let worker = try worker()
        defer { worker.stop() }
        try receive(worker, 2, "f", hub.hold(BulkDownTests.bytes(1)), at: 2)
        #expect(try pass(worker).run())
        #expect(directory.read("home/folder/f") == BulkDownTests.bytes(1))
        let mine = BulkDownTests.bytes(9)
        let home = directory.path
        try worker.tree.adopt(
            TreeRoot(path: home + "/home/folder") { [directory] instant in
                if instant == .looked, directory.names().contains("copy") == false {
                    directory.write(mine, to: "mine")
                    rename(home + "/mine", home + "/home/folder/f")
                } else if instant == .renamed, directory.names().contains("copy") == false {
                    system("cp -a '\(home)/home' '\(home)/copy'")
                }
            })
        try receive(worker, 2, "f", hub.hold(BulkDownTests.bytes(2)), at: 3)
        _ = try pass(worker).run()
        #expect(directory.read("home/folder/f") == mine)
        #expect(directory.read("copy/folder/f") == BulkDownTests.bytes(2))

        let next = try self.worker(in: "copy")
        defer { next.stop() }
        while try pass(next).run() {}
        let names = directory.names(in: "copy/folder").filter { $0.hasPrefix("recovered") }
        #expect(names.map { directory.read("copy/folder/" + $0) } == [mine])
    }

    @Test func `an edit that could not be put back is not taken for what nobody wants`() throws {
        let worker = try worker()
        defer { worker.stop() }
        try receive(worker, 2, "f", hub.hold(BulkDownTests.bytes(1)), at: 2)
        let pass = pass(worker)
        #expect(try pass.run())
        let home = directory.path
        let refuses = Mutex(true)
        let isRefusing: @Sendable () -> Bool = { refuses.withLock { $0 } }
        try withExtendedLifetime(refuses) {
            try worker.tree.adopt(
                TreeRoot(
                    path: home + "/home/folder",
                    onInstant: { [directory] instant in
                        guard instant == .looked, directory.read("home/folder/f") != BulkDownTests.bytes(9) else {
                            return
                        }
                        directory.write(BulkDownTests.bytes(9), to: "mine")
                        rename(home + "/mine", home + "/home/folder/f")
                    },
                    failing: { step in isRefusing() && [.puttingBack, .placing].contains(step) ? EROFS : 0 }))
            try receive(worker, 2, "f", hub.hold(BulkDownTests.bytes(2)), at: 3)
            _ = try pass.run()
            // The hub has something else again: nobody wants what had come.
            try receive(worker, 2, "f", hub.hold(BulkDownTests.bytes(3)), at: 4)
            let next = self.pass(worker)
            while try next.run() {}
            refuses.withLock { $0 = false }
            #expect(worker.tree.keepStrays() == nil)
        }
        let all = directory.names(in: "home/folder").compactMap { directory.read("home/folder/" + $0) }
        #expect(all.contains(BulkDownTests.bytes(9)))
    }

    // MARK: - What has come stays

    @Test func `two files of the same bytes that wait for their place are two, and come once`() throws {
        let worker = try worker()
        defer { worker.stop() }
        let file = hub.hold(BulkDownTests.bytes(1))
        try receive(worker, 2, "f", file, at: 2)
        try receive(worker, 3, "g", file, at: 3)
        // Until its answer is here nothing new gets a name.
        try worker.perform { try $0.index.setInflight([], request: "{}") }
        let pass = pass(worker)
        #expect(try pass.run())
        let first = privately()
        #expect(first.count == 1 && !first.contains(part(of: file)))
        #expect(try pass.run())
        #expect(try !pass.run())
        #expect(privately().count == 2 && Set(privately()).isSuperset(of: first))
        try worker.perform {
            try $0.index.clearInflight(acknowledged: nil)
            #expect(try $0.placeAll() == 2)
        }
        #expect(directory.read("home/folder/f") == BulkDownTests.bytes(1))
        #expect(directory.read("home/folder/g") == BulkDownTests.bytes(1))
        #expect(hub.sent == BulkDownTests.size)
        #expect(privately().isEmpty)
    }

    @Test func `copies of what lies in the folder are made together, and nothing of them comes`() throws {
        let worker = try worker()
        defer { worker.stop() }
        let file = hub.hold(BulkDownTests.bytes(1))
        try receive(worker, 2, "f0", file, at: 2)
        let pass = pass(worker, looksEvery: .max)
        #expect(try pass.run())
        for number in 1...5 { try receive(worker, Int64(number + 2), "f\(number)", file, at: Int64(number + 2)) }
        let other = hub.hold(BulkDownTests.bytes(2))
        try receive(worker, 9, "g", other, at: 9)
        // In one round; what has other bytes comes by itself.
        #expect(try pass.run())
        for number in 0...5 { #expect(directory.read("home/folder/f\(number)") == BulkDownTests.bytes(1)) }
        while try pass.run() {}
        #expect(directory.read("home/folder/g") == BulkDownTests.bytes(2))
        #expect(hub.sent == 2 * BulkDownTests.size)
        #expect(privately().isEmpty)
    }

    @Test func `what came whole and was not placed does not come again after a restart`() throws {
        var file = hub.hold(BulkDownTests.bytes(1))
        file.mode = Mode(0o444)
        do {
            let worker = try worker()
            defer { worker.stop() }
            try receive(worker, 2, "f", file, at: 2)
            try worker.perform { try $0.index.setInflight([], request: "{}") }
            #expect(try pass(worker).run())
            try worker.perform { try $0.index.clearInflight(acknowledged: nil) }
        }
        let next = try worker()
        defer { next.stop() }
        #expect(privately() == [part(of: file)])
        #expect(try pass(next).run())
        #expect(directory.read("home/folder/f") == BulkDownTests.bytes(1))
        #expect(hub.sent == BulkDownTests.size)
    }

    @Test func `what waits for its place and is gone at the hub is dropped`() throws {
        let worker = try worker()
        defer { worker.stop() }
        let file = hub.hold(BulkDownTests.bytes(1))
        try receive(worker, 2, "f", file, at: 2)
        try worker.perform { try $0.index.setInflight([], request: "{}") }
        let pass = pass(worker)
        #expect(try pass.run())
        #expect(try !pass.run() && privately().count == 1)
        try worker.perform { folder in
            var node = try #require(try folder.index.remote(NodeID(2)))
            (node.isDeleted, node.seq) = (true, Sequence(3))
            try folder.index.receive([node], through: Sequence(3))
        }
        #expect(try !pass.run())
        #expect(privately().isEmpty)
    }

    @Test func `a file with holes goes on behind them after a restart`() throws {
        let worker = try worker()
        defer { worker.stop() }
        let far = 3 << 20
        var bytes = [UInt8](repeating: 0, count: far) + BulkDownTests.bytes(2)
        bytes.replaceSubrange(0..<65_536, with: BulkDownTests.bytes(1, 65_536))
        let file = hub.hold(bytes)
        hub.state.withLock { $0.data[file.digest] = [0..<65_536, Int64(far)..<file.size] }
        try receive(worker, 2, "f", file, at: 2)
        // A process that was killed has left this.
        let there = 131_072
        let part = directory.path("home/folder/.synchub/private/" + part(of: file))
        let descriptor = open(part, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        for range in [0..<65_536, far..<far + there] {
            #expect(bytes[range].withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, range.lowerBound) } > 0)
        }
        try #require(ftruncate(descriptor, Int(file.size)) == 0)
        close(descriptor)
        #expect(try pass(worker).run())
        #expect(directory.read("home/folder/f") == bytes)
        #expect(hub.sent == BulkDownTests.size - there)
    }

    @Test func `a file whose holes are none comes with all its bytes when it came wrong`() throws {
        let worker = try worker()
        defer { worker.stop() }
        let bytes = BulkDownTests.bytes(3, 3 << 20)
        let file = hub.hold(bytes)
        hub.state.withLock { $0.data[file.digest] = [0..<65_536, file.size - 1..<file.size] }
        try receive(worker, 2, "f", file, at: 2)
        let pass = pass(worker)
        while try pass.run() {}
        #expect(directory.read("home/folder/f") == bytes)
        #expect(privately().isEmpty)
    }

    @Test func `a large file that a program writes to keeps what came for it`() throws {
        let worker = try worker()
        defer { worker.stop() }
        try receive(worker, 2, "f", hub.hold(BulkDownTests.bytes(1)), at: 2)
        let pass = pass(worker)
        #expect(try pass.run())
        let writer = open(directory.path("home/folder/f"), O_WRONLY | O_CLOEXEC)
        try receive(worker, 2, "f", hub.hold(BulkDownTests.bytes(2)), at: 3)
        #expect(try pass.run())
        #expect(directory.read("home/folder/f") == BulkDownTests.bytes(1))
        close(writer)
        #expect(try worker.perform { try $0.placeAll() } == 1)
        #expect(directory.read("home/folder/f") == BulkDownTests.bytes(2))
        #expect(hub.sent == 2 * BulkDownTests.size)
        #expect(privately().isEmpty)
    }

    @Test func `a stop while it reads what has come costs nothing of it`() throws {
        let worker = try worker()
        defer { worker.stop() }
        let file = hub.hold(BulkDownTests.bytes(1))
        try receive(worker, 2, "f", file, at: 2)
        // All of it came, and a process that is gone had not read it yet.
        directory.write(BulkDownTests.bytes(1), to: "home/folder/.synchub/private/" + part(of: file))
        var stops = 0
        for calls in 0..<20 {
            let count = Mutex(0)
            let pass = pass(worker) {
                count.withLock { count in
                    count += 1
                    return count > calls
                }
            }
            do {
                if try pass.run() { break }
            } catch HubError.cancelled {
                stops += 1
                #expect(privately() == [part(of: file)])
            }
        }
        #expect(stops >= 2)
        #expect(directory.read("home/folder/f") == BulkDownTests.bytes(1))
        #expect(hub.sent == 0)
    }

    @Test func `a full disk costs what does not fit, and not what does`() throws {
        let worker = try worker()
        defer { worker.stop() }
        let file = hub.hold(BulkDownTests.bytes(1))
        try receive(worker, 2, "f", file, at: 2)
        hub.state.withLock {
            $0.before = { sent in if sent > 200_000 { throw FileTreeError("write", "part", .noSpace) } }
        }
        let pass = pass(worker)
        #expect(try pass.run())
        #expect(try !pass.run() && pass.nextRetry != nil)
        hub.state.withLock { $0.before = { _ in } }
        #expect(try self.pass(worker).run())
        #expect(directory.read("home/folder/f") == BulkDownTests.bytes(1))
        #expect(hub.sent == BulkDownTests.size)
    }

    @Test func `nothing comes of a file for which there is no room`() throws {
        let worker = try worker()
        defer { worker.stop() }
        try receive(worker, 2, "f", hub.hold(BulkDownTests.bytes(1)), at: 2)
        for (room, isRun) in [(Int64(BulkDownTests.size - 1), false), (Int64(BulkDownTests.size), true)] {
            let pass = BulkDown(
                worker: worker, connections: 1, from: 4_096, room: { _ in room }, connection: { [hub] in hub },
                isStopping: { false })
            #expect(try pass.run())
            #expect((hub.sent > 0) == isRun)
        }
        #expect(directory.read("home/folder/f") == BulkDownTests.bytes(1))
    }

    @Test func `a file that ends with a small hole arrives`() throws {
        let worker = try worker()
        defer { worker.stop() }
        let file = hub.hold(BulkDownTests.bytes(1, 100_000) + [UInt8](repeating: 0, count: 20_000))
        hub.state.withLock { $0.data[file.digest] = [0..<100_000] }
        try receive(worker, 2, "f", file, at: 2)
        #expect(try pass(worker).run())
        #expect(directory.read("home/folder/f")?.count == 120_000)
        #expect(try worker.perform { try $0.fetches(limit: 1) }.isEmpty)
    }

    // MARK: - Recipes

    /// An old version in the folder, and a new one that has so many new bytes before each third of the old one.
    private func edited(_ worker: FolderWorker, new count: Int) throws -> (bytes: [UInt8], file: FileContent) {
        let old = BulkDownTests.bytes(1)
        let base = hub.hold(old)
        try receive(worker, 2, "f", base, at: 2)
        #expect(try pass(worker).run())
        let third = old.count / 3
        var bytes: [UInt8] = []
        var pieces: [Recipe.Piece] = []
        for part in 0..<3 {
            bytes += BulkDownTests.bytes(UInt64(part + 10), count) + old[part * third..<(part + 1) * third]
            pieces += [.new(length: Int64(count)), .copy(base: 0, offset: Int64(part * third), length: Int64(third))]
        }
        let file = hub.hold(bytes)
        let recipe = try Recipe(bases: [base.digest], pieces: pieces)
        hub.state.withLock { state in
            state.recipes[file.digest] = recipe
            state.sent = 0
        }
        try receive(worker, 2, "f", file, at: 3)
        return (bytes, file)
    }

    @Test(arguments: [(10_000, Lane.quick), (500_000, .bulk(0))])
    func `what is new of a large file comes once though it is cut, and beside small files where it is much`(
        _ count: Int, _ lane: Lane
    ) throws {
        let worker = try worker()
        defer { worker.stop() }
        let (bytes, file) = try edited(worker, new: count)
        hub.state.withLock { $0.before = { sent in if sent >= 2 * count { throw HubError.away("cut") } } }
        #expect(throws: HubError.self) { try pass(worker).run() }
        #expect(privately() == [part(of: file)])
        hub.state.withLock { $0.before = { _ in } }
        #expect(try pass(worker).run())
        #expect(directory.read("home/folder/f") == bytes)
        #expect(hub.state.withLock { $0.lanes.first } == lane)
        #expect(hub.sent == 3 * count)
        #expect(privately().isEmpty)
    }

    @Test func `what cannot be put together comes whole`() throws {
        let worker = try worker()
        defer { worker.stop() }
        let (bytes, file) = try edited(worker, new: 1_000)
        hub.state.withLock { state in
            let right = state.recipes[file.digest]
            state.recipes[file.digest] = right.flatMap { right in
                try? Recipe(
                    bases: right.bases, pieces: [.new(length: file.size - 3), .copy(base: 0, offset: 0, length: 3)])
            }
        }
        let pass = pass(worker)
        while try pass.run() {}
        #expect(directory.read("home/folder/f") == bytes)
    }

    @Test func `a stretch of a recipe brings so much, and nothing of what is there`() throws {
        let recipe = try Recipe(
            bases: [.empty],
            pieces: [
                .new(length: 5), .copy(base: 0, offset: 40, length: 10), .new(length: 20),
                .copy(base: 0, offset: 0, length: 7),
            ])
        let all = RecipeStretch.divide(recipe, from: 0, most: 10)
        #expect(all.map(\.new) == [[0..<5, 15..<20], [20..<30], [30..<35]])
        #expect(all.flatMap(\.pieces).reduce(0) { $0 + $1.length } == recipe.size)
        #expect(all.last?.pieces.last == .copy(base: 0, offset: 0, length: 7))
        let rest = RecipeStretch.divide(recipe, from: 8, most: 100)
        #expect(
            rest == [
                RecipeStretch(
                    pieces: [
                        .copy(base: 0, offset: 43, length: 7), .new(length: 20), .copy(base: 0, offset: 0, length: 7),
                    ], new: [15..<35])
            ])
        #expect(RecipeStretch.divide(recipe, from: recipe.size) == [RecipeStretch()])
    }

    // MARK: - What the hub has lost

    @Test func `what the hub asks for goes on after a pause`() throws {
        let worker = try worker()
        defer { worker.stop() }
        let contents = [1, 2].map { BulkDownTests.bytes($0) }
        for (number, bytes) in contents.enumerated() {
            try receive(worker, Int64(number) + 2, "f\(number)", hub.hold(bytes), at: Int64(number) + 2)
            #expect(try pass(worker).run())
        }
        let keys = contents.map { ContentKey(sha256: hub.hold($0).digest.hex, size: Int64($0.count)) }
        hub.state.withLock { $0.given = [] }
        var looks = 0
        var isPaused = true
        let state = AgentState()
        state.want(keys)
        // The pause begins when the first of them has begun.
        func mayGoOn() -> Bool {
            looks += 1
            return !isPaused || looks < 2
        }
        let giving = GivingBack(
            worker: worker, lane: .bulk(0), mayGoOn: mayGoOn, takeWanted: { state.takeWanted { _ in true } })
        do {
            try giving.run(hub)
            Issue.record("it went on in the pause")
        } catch HubError.cancelled {}
        try giving.run(hub)
        #expect(hub.state.withLock { $0.given } == [])
        isPaused = false
        try giving.run(hub)
        #expect(hub.state.withLock { $0.given }?.count == 2)
        try giving.run(hub)
        #expect(hub.state.withLock { $0.given }?.count == 2)
    }

    @Test func `what the hub asks for and is large goes with the bulk`() throws {
        let worker = try worker()
        defer { worker.stop() }
        let bytes = BulkDownTests.bytes(1)
        try receive(worker, 2, "f", hub.hold(bytes), at: 2)
        #expect(try pass(worker).run())
        let key = ContentKey(sha256: hub.hold(bytes).digest.hex, size: Int64(bytes.count))
        hub.state.withLock { $0.given = [] }
        for lane in [Lane.quick, .bulk(0)] {
            try GivingBack(worker: worker, lane: lane, mayGoOn: { true }).give(key, to: hub)
        }
        #expect(hub.state.withLock { $0.given } == [.quick, .bulk(0)])

        let state = AgentState()
        let large = ContentKey(sha256: key.sha256, size: HashPass.large)
        state.want([key, large])
        #expect(state.takeWanted(where: GivingBack.isLarge) == [large])
        #expect(state.takeWanted { !GivingBack.isLarge($0) } == [key])
        #expect(state.takeWanted { _ in true } == [])
    }

    // MARK: - What is to be dropped at the hub

    @Test func `what waits is not dropped at the hub with something else, and nothing before the folder was looked at`()
        throws
    {
        let told = Mutex<[[String]]>([])
        try withExtendedLifetime(told) {
            let note: @Sendable ([String]) -> Void = { only in told.withLock { $0.append(only) } }
            hub.state.withLock { state in
                state.ready = { request in
                    if let only = request.only { note(only) }
                    return .success(false)
                }
            }
            func drop(_ worker: FolderWorker) {
                let bulk = BulkUp(worker: worker, connections: 1, connection: { [hub] in hub }, isStopping: { false })
                // This hub has no staging to be cleared.
                #expect(throws: HubError.self) { try bulk.remove([.empty], hub) }
            }
            directory.makeDirectory("home")
            let early = try worker(isLooking: false)
            drop(early)
            early.stop()
            #expect(told.withLock { $0 } == [])

            let bytes = BulkDownTests.bytes(1)
            let worker = try worker(in: "other")
            defer { worker.stop() }
            directory.write(bytes, to: "other/folder/f")
            worker.lookAtEverything()
            worker.waitUntilLooked()
            _ = try HashPass(worker: worker, sizes: 0..<Int64.max, isStopping: { false }).run()
            let commit = try worker.perform { folder in
                folder.ahead.from = 4_096
                return try folder.nextCommit(operations: 10, bytes: 1 << 20)
            }
            #expect(commit?.items.count == nil)
            drop(worker)
            #expect(told.withLock { $0 } == [[hub.hold(bytes).digest.hex]])
        }
    }

    // MARK: - Progress

    @Test func `what was there does not count as moved, and what moved counts though it was cut`() throws {
        let worker = try worker()
        defer { worker.stop() }
        let (_, file) = try edited(worker, new: 100_000)
        let before = try worker.perform { $0.progress }
        func moved() throws -> Int64 { try worker.perform { $0.progress.bytes } - before.bytes }
        #expect(try worker.perform { try $0.left() } == Amount(files: 1, bytes: file.size))
        hub.state.withLock { $0.before = { sent in if sent >= 200_000 { throw HubError.away("cut") } } }
        #expect(throws: HubError.self) { try pass(worker).run() }
        hub.state.withLock { $0.before = { _ in } }
        #expect(try pass(worker).run())
        // A stretch of a recipe counts when it is there.
        #expect(try moved() == 100_000)
        #expect(try worker.perform { $0.spared } == file.size - 100_000)
        #expect(try worker.perform { $0.progress.files } == before.files + 1)
        #expect(try worker.perform { try $0.left().bytes } == 0)

        try receive(worker, 3, "g", hub.hold(BulkDownTests.bytes(20)), at: 4)
        hub.state.withLock {
            $0.sent = 0
            $0.before = { sent in if sent >= 200_000 { throw HubError.away("cut") } }
        }
        #expect(throws: HubError.self) { try pass(worker).run() }
        hub.state.withLock { $0.before = { _ in } }
        #expect(try pass(worker).run())
        #expect(try moved() == 100_000 + Int64(BulkDownTests.size))
    }

    @Test func `the bytes of an edit of a known file wait to be sent`() throws {
        let worker = try worker()
        defer { worker.stop() }
        try receive(worker, 2, "f", hub.hold(BulkDownTests.bytes(1)), at: 2)
        #expect(try pass(worker).run())
        #expect(try worker.perform { try $0.backlog().bytes } == 0)
        directory.write(BulkDownTests.bytes(2, 70_000), to: "home/folder/f")
        worker.lookAtEverything()
        worker.waitUntilLooked()
        let backlog = try worker.perform { try $0.backlog() }
        #expect(backlog == (up: 1, down: 0, bytes: 70_000))
    }

    // MARK: - Pauses

    private let fetch = Fetch(
        node: NodeID(2), file: FileContent(digest: .empty, size: 1, mode: Mode(0o644), mtime: 0),
        path: RelativePath([try! Name("f")]))  // SAFETY: a name.

    private func pauses(after error: any Error) -> [Int64] {
        var (pauses, now, told) = (RetryPauses<NodeID>(1_000...30_000), Int64(0), [Int64]())
        for _ in 0..<12 {
            pauses.begin(fetch, after: error, at: now)
            #expect(pauses.hold(fetch))
            told.append((pauses.nextRetry ?? 0) - now)
            now = pauses.nextRetry ?? 0
            pauses.release(at: now, of: [fetch])
            #expect(!pauses.hold(fetch) && pauses.nextRetry == nil)
        }
        return told
    }

    @Test func `what fails again is tried after a longer pause, and what came in vain after a much longer one`() {
        let full = pauses(after: FileTreeError("write", "f", .noSpace))
        #expect(full == [1, 2, 4, 8, 16, 30, 30, 30, 30, 30, 30, 30].map { $0 * 1_000 })
        let wrong = pauses(after: FileTreeError("finish", "f", .wrongContent(expected: .empty, found: .empty)))
        #expect(wrong == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900].map { $0 * 1_000 })
    }

    @Test func `other bytes for the same file are tried at once, and what is not wanted has no pause`() throws {
        var pauses = RetryPauses<NodeID>(1_000...30_000)
        pauses.begin(fetch, after: HubError.cancelled, at: 0)
        var other = fetch
        other.file.digest = try #require(Digest(bytes: [UInt8](repeating: 1, count: 32)))
        #expect(pauses.hold(fetch) && !pauses.hold(other))
        pauses.release(at: 1, of: [other])
        #expect(!pauses.hold(fetch) && pauses.nextRetry == nil)
    }

    @Test(arguments: [Int64(0), Int64.max])
    func `a few small files are made durable one by one beside a busy disk, and all at once beside a quiet one`(
        _ busyFrom: Int64
    ) throws {
        let worker = try worker()
        // The last one may not be read by its owner.
        let modes: [UInt16] = [0o644, 0o600, 0o200]
        for few in [2, 3] {
            let files = (0..<few).map { number in
                var file = hub.hold(BulkDownTests.bytes(UInt64(number), 100))
                file.mode = Mode(modes[number])
                return file
            }
            var loader = Loader(area: worker.tree.area, hub: hub, here: LocalContents(worker)) { true }
            loader.busyFrom = busyFrom
            let fetches = try files.enumerated().map { number, file in
                Fetch(node: NodeID(Int64(number) + 1), file: file, path: RelativePath([try Name("f\(number)")]))
            }
            let loaded = loader.bring(.pack(fetches))
            #expect(loaded.failure == nil && loaded.arrived.count == few)
            #expect(loaded.arrived.allSatisfy { $0.content.isDurable })
            #expect(loaded.arrived.map(\.content.digest) == files.map(\.digest))
        }
    }
}
