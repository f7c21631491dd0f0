import FileTree
import Glibc
import SyncCore
import TestSupport
import Testing

@testable import Hub

/// Packs in memory: bounded, closed to others, and gone with the hub.
struct PackMemoryTests {
    private let directory = TemporaryDirectory()
    private var place: String { directory.path("shm") }

    init() { directory.makeDirectory("shm") }

    private func start(_ limit: Int64) -> PackMemory? { PackMemory(root: "/hub", limit: limit, below: place) }

    private func open(_ client: String) throws -> String? {
        PackMemory.directory(of: try ClientName(client), root: "/hub", below: place)
    }

    /// - Returns: its name; nil when there was no room.
    private func write(_ count: Int, for client: String, _ memory: PackMemory) throws -> Name? {
        try memory.write(Int64(count), for: client) { area throws(FileTreeError) in
            let file = try area.newFile()
            try file.append([UInt8](repeating: 7, count: count))
            return try file.finish(mode: Mode(0o600), mtime: 0, expecting: nil, sync: false).name
        }
    }

    @Test func `what has no room is not written, and what is removed makes room`() throws {
        let memory = try #require(start(100))
        let own = try #require(try open("laptop"))
        let first = try #require(try write(60, for: "laptop", memory))
        _ = try open("other")
        #expect(try write(41, for: "other", memory) == nil)
        #expect(try write(40, for: "other", memory) != nil)
        #expect(try write(1, for: "laptop", memory) == nil)
        unlink("\(own)/\(first)")
        #expect(try write(60, for: "laptop", memory) != nil)
        memory.clear("other")
        #expect(try write(40, for: "laptop", memory) != nil)
    }

    @Test func `nothing is written for a client whose session has opened nothing`() throws {
        let memory = try #require(start(100))
        #expect(try write(1, for: "laptop", memory) == nil)
    }

    @Test func `a session opens nothing before the hub has, and nothing after it`() throws {
        #expect(try open("laptop") == nil)
        let memory = try #require(start(100))
        #expect(try open("laptop") != nil)
        memory.remove()
        #expect(try open("laptop") == nil)
        #expect(directory.names(in: "shm").isEmpty)
    }

    @Test func `a start empties what a crash left, and removes it where the disk is wanted`() throws {
        let before = try #require(start(100))
        let own = try #require(try open("laptop"))
        #expect(try write(100, for: "laptop", before) != nil)
        let after = try #require(start(100))
        // A session may have it open.
        #expect(try open("laptop") == own)
        #expect(try write(100, for: "laptop", after) != nil)
        #expect(start(0) == nil)
        #expect(directory.names(in: "shm").isEmpty)
    }

    @Test func `a name that somebody else has taken is left alone`() throws {
        let path = PackMemory.path(root: "/hub", below: place)
        directory.makeDirectory("elsewhere")
        symlink(directory.path("elsewhere"), path)
        #expect(start(100) == nil)
        #expect(try open("laptop") == nil)
        #expect(start(0) == nil)
        unlink(path)
        mkdir(path, 0o700)
        chmod(path, 0o755)
        #expect(start(100) == nil)
        chmod(path, 0o700)
        #expect(start(100) != nil)
    }

    @Test func `where memory is no file system there is none`() {
        #expect(PackMemory(root: "/hub", limit: 100, below: directory.path("nowhere")) == nil)
    }
}
