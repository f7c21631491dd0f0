import Engine
import FileTree
import Glibc
import SyncCore
import Synchronization
import TestSupport
import Testing

@testable import Agent

/// What came out of the folder and has no name there: it may be the only copy.
@Suite struct StrayTests {
    /// A folder's disk with an instant in which somebody acts, and steps that it refuses.
    private final class Refusing: Sendable {
        let steps = Mutex<Set<DiskStep>>([])
        let act = Mutex<(@Sendable () -> Void)?>(nil)

        func root(_ path: String) throws -> TreeRoot {
            try TreeRoot(
                path: path,
                onInstant: { [self] instant in
                    guard instant == .looked else { return }
                    act.withLock { act in
                        defer { act = nil }
                        return act
                    }?()
                }, failing: { [self] step in steps.withLock { $0.contains(step) } ? EROFS : 0 })
        }

        func refuse(_ refused: DiskStep...) { steps.withLock { $0 = Set(refused) } }
    }

    private static func folder(in directory: TemporaryDirectory, holding files: [String: String] = [:]) throws
        -> DiskTree
    {
        let path = directory.path + "/folder"
        try Files.makeDirectories(path)
        try FolderMarker.write(folder: path, of: AgentLayout(home: directory.path))
        try Files.makeDirectories(path + "/.synchub/private", mode: 0o700)
        for (name, text) in files { directory.write(text, to: "folder/.synchub/private/" + name) }
        return try DiskTree(path: path, standIn: directory.path + "/absent", date: "2026-11-21") { _ in }
    }

    private let kept = "f (conflict 2026-11-21 kept)"

    @Test func `an edit that cannot be put back waits for a name, and is not taken for what was fetched`() throws {
        let directory = TemporaryDirectory()
        let tree = try StrayTests.folder(in: directory, holding: ["put-1": "new"])
        defer { tree.stop() }
        directory.write("old", to: "folder/f")
        let path = try RelativePath(bytes: Array("f".utf8))
        let known = Known(.file, try #require(try tree.status(of: path)).stamp)
        let digest = try tree.root.hash(RelativePath(bytes: Array(".synchub/private/put-1".utf8))).digest
        let staged = StagedContent(name: "put-1", digest: digest, isDurable: true)
        let file = FileContent(digest: digest, size: 3, mode: Mode(0o644), mtime: 7)
        let disk = Refusing()
        try tree.adopt(disk.root(directory.path("folder")))
        disk.act.withLock {
            $0 = {
                directory.write("theirs", to: "theirs")
                rename(directory.path("theirs"), directory.path("folder/f"))
            }
        }
        disk.refuse(.puttingBack, .placing)
        #expect(throws: DiskProblem.self) { try tree.replace(path, known, by: staged, as: file) }
        #expect(directory.text("folder/f") == "new")
        let problem = try #require(tree.keepStrays())
        #expect(problem.description.contains("what was changed at 'f' waits here for a name in the folder"))
        // Under the name of what was fetched lies somebody's edit.
        tree.discard(staged)
        #expect(throws: DiskProblem.self) {
            try tree.place(staged, as: file, at: RelativePath(bytes: Array("g".utf8)))
        }
        #expect(directory.text("folder/.synchub/private/put-1") == "theirs")
        disk.refuse()
        #expect(tree.keepStrays() == nil)
        #expect(directory.names(in: "folder") == [".synchub", "f", kept])
        #expect(directory.text("folder/\(kept)") == "theirs")
        #expect(directory.names(in: "folder/.synchub/private").isEmpty)
    }

    @Test func `an edit whose removal cannot be undone waits for a name, beside its directory if that is gone`() throws
    {
        let directory = TemporaryDirectory()
        let tree = try StrayTests.folder(in: directory)
        defer { tree.stop() }
        directory.makeDirectory("folder/d")
        directory.write("old", to: "folder/d/f")
        let path = try RelativePath(bytes: Array("d/f".utf8))
        let known = Known(.file, try #require(try tree.status(of: path)).stamp)
        let disk = Refusing()
        try tree.adopt(disk.root(directory.path("folder")))
        disk.act.withLock {
            $0 = {
                directory.write("theirs", to: "theirs")
                rename(directory.path("theirs"), directory.path("folder/d/f"))
            }
        }
        disk.refuse(.puttingBack, .placing)
        #expect(throws: DiskProblem.self) { try tree.remove(path, known) }
        try #require(rmdir(directory.path("folder/d")) == 0)
        disk.refuse()
        #expect(tree.keepStrays() == nil)
        #expect(directory.text("folder/\(kept)") == "theirs")
    }

    @Test func `a start goes on though what a crash left can get no name, which it gets later`() throws {
        let directory = TemporaryDirectory()
        let tree = try StrayTests.folder(in: directory, holding: ["put-1": "only here"])
        defer { tree.stop() }
        let disk = Refusing()
        try tree.adopt(disk.root(directory.path("folder")))
        disk.refuse(.placing)
        #expect(try tree.recover { _ in false }.isEmpty)
        #expect(tree.keepStrays() != nil)
        disk.refuse()
        #expect(tree.keepStrays() == nil)
        #expect(directory.text("folder/recovered (conflict 2026-11-21 kept)") == "only here")
    }

    @Test func `what a crash left and its owner may not read gets a name, and a start goes on`() throws {
        let directory = TemporaryDirectory()
        let files = ["put-1": "closed", "put-2": "closed, and at the hub", "put-3": "root's"]
        try StrayTests.folder(in: directory, holding: files).stop()
        for name in files.keys { chmod(directory.path("folder/.synchub/private/" + name), 0) }
        for path in ["", "folder", "folder/.synchub", "folder/.synchub/private", "folder/.synchub/folder"] {
            chown(directory.path(path), ordinaryUser, ordinaryUser)
        }
        for name in ["put-1", "put-2"] {
            chown(directory.path("folder/.synchub/private/" + name), ordinaryUser, ordinaryUser)
        }
        try asOrdinaryUser {
            #expect(open(directory.path("folder/.synchub/private/put-1"), O_RDONLY | O_CLOEXEC) == -1)
            let tree = try DiskTree(
                path: directory.path("folder"), standIn: directory.path("absent"), date: "2026-11-21"
            ) { _ in }
            defer { tree.stop() }
            #expect(try tree.recover { $0.size == 22 }.isEmpty)
        }
        #expect(directory.names(in: "folder/.synchub/private").isEmpty)
        let names = directory.names(in: "folder").filter { $0.hasPrefix("recovered") }
        for name in names { chmod(directory.path("folder/" + name), 0o600) }
        #expect(names.compactMap { directory.text("folder/" + $0) }.sorted() == ["closed", "root's"])
    }

    @Test func `what waits for a name is told with its reason, and no longer once it has one`() throws {
        let directory = TemporaryDirectory()
        try StrayTests.folder(in: directory).stop()
        let worker = try FolderWorker(
            folder: directory.path("folder"), standIn: directory.path("absent"), index: directory.path("index.db"),
            debounce: 1, longest: 1_000, carrying: .nothing, trashDays: 30, mode: .twoWay, ignoring: [],
            client: "ann", onWork: {})
        defer { worker.stop() }
        directory.write("theirs", to: "folder/.synchub/private/put-1")
        let disk = Refusing()
        try worker.tree.adopt(disk.root(directory.path("folder")))
        disk.refuse(.placing)
        let item = try #require(try worker.tree.area.item(named: Name("put-1")))
        #expect(throws: DiskProblem.self) {
            try worker.tree.keep(item, beside: RelativePath(bytes: Array("f".utf8)))
        }
        #expect(try worker.isPresent() && worker.needsAnotherLook)
        func reasons() throws -> [String] {
            try worker.perform { try $0.pending(limit: 10).filter { "\($0.path)" == ".synchub/private" }.map(\.reason) }
        }
        let told = try reasons()
        #expect(told.count == 1 && told[0].contains("what was changed at 'f' waits here for a name in the folder"))
        disk.refuse()
        #expect(try worker.isPresent())
        #expect(try reasons().isEmpty)
        let names = directory.names(in: "folder").filter { $0.hasPrefix("f (conflict ") }
        #expect(names.map { directory.text("folder/" + $0) } == ["theirs"])
    }
}
