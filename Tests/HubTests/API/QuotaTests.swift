import ControlAPI
import FileTree
import Glibc
import HTTPClient
import SyncCore
import TestSupport
import Testing

@testable import Hub

/// What clients stage has a quota, and goes when others need the room.
struct QuotaTests {
    private func file(_ name: String, _ bytes: Int64, _ changed: Int64) throws -> StagedSize {
        StagedSize(name: try Name(name), bytes: bytes, changed: changed)
    }

    @Test func `what is over a quota goes, the oldest first, and no more than that`() throws {
        let files = [try file("c", 30, 3), try file("a", 10, 1), try file("d", 40, 4), try file("b", 20, 2)]
        func gone(files count: Int, bytes: Int64) -> [String] {
            StagingQuota(files: count, bytes: bytes).excess(of: files).map(\.description)
        }
        #expect(gone(files: 0, bytes: 0) == [])
        #expect(gone(files: 4, bytes: 100) == [])
        #expect(gone(files: 3, bytes: 0) == ["a"])
        #expect(gone(files: 0, bytes: 99) == ["a"])
        #expect(gone(files: 0, bytes: 89) == ["a", "b"])
        #expect(gone(files: 1, bytes: 1_000) == ["a", "b", "c"])
        #expect(gone(files: 0, bytes: 1) == ["a", "b", "c", "d"])
    }

    @Test func `of two whose names are as old the same goes first, whoever looks`() throws {
        let files = [try file("b", 1, 1), try file("a", 1, 1)]
        #expect(StagingQuota(files: 1, bytes: 0).excess(of: files).map(\.description) == ["a"])
    }

    @Test(
        arguments: [
            (64 << 20, 1 << 40, false), (64 << 20 - 1, 1 << 40, true), (128 << 10, 8 << 20, false),
            (128 << 10 - 1, 8 << 20, true), (0, 8 << 20, true),
        ] as [(Int64, Int64, Bool)])
    func `a disk is full when a few small commits would fill it`(free: Int64, total: Int64, isFull: Bool) {
        #expect(StagingRule.isFull(free: free, total: total) == isFull)
    }

    @Test func `who has most of what nobody needs gives way, and nobody to one who has more`() {
        func largest(_ staged: [String: Int64], _ client: String) -> String? {
            StagingRule.largest(of: staged, except: client, total: 1_600)
        }
        #expect(largest([:], "a") == nil)
        #expect(largest(["a": 1_000], "a") == nil)
        #expect(largest(["a": 1_000, "b": 5], "b") == "a")
        #expect(largest(["a": 1_000, "b": 900, "c": 0], "c") == "a")
        // It would not be worth it, and who fills the disk takes nobody's place.
        #expect(largest(["a": 99], "b") == nil)
        #expect(largest(["a": 100], "b") == "a")
        #expect(largest(["a": 1_000, "b": 200], "a") == nil)
    }

    @Test func `what a client stages beyond its quota is removed and its sessions end, and nobody else's`() throws {
        var settings = HubCoreSettings()
        settings.stagingQuota = StagingQuota(files: 20, bytes: 0)
        let clock = MovedClock()
        let hub = try HubFixture(settings: settings, clock: clock.clock)
        let (liar, other) = (try hub.join("liar"), try hub.join("other"))
        for number in 0..<50 { hub.directory.write("x", to: "staging/liar/junk-\(number)") }
        for number in 0..<20 { hub.directory.write("x", to: "staging/other/pack-\(number)") }
        // Joining was looked at a moment ago.
        clock.pass(31)
        _ = try (liar.changes(since: 0), other.changes(since: 0))
        let key = try PublicKey(line: HubFixture.key(of: "liar"))
        #expect(hub.keys.waitForEnd(of: key))
        #expect(hub.directory.names(in: "staging/liar").count == 20)
        #expect(hub.directory.names(in: "staging/other").count == 20)
        #expect(try liar.create("a", "one").applied != nil)
    }

    @Test func `who stages beyond its quota and says nothing is looked at, too`() throws {
        var settings = HubCoreSettings()
        settings.stagingQuota = StagingQuota(files: 20, bytes: 0)
        let clock = MovedClock()
        let hub = try HubFixture(settings: settings, clock: clock.clock)
        _ = try hub.join("liar")
        for number in 0..<50 { hub.directory.write("x", to: "staging/liar/junk-\(number)") }
        clock.pass(61)
        hub.core.clockMoved()
        #expect(hub.keys.waitForEnd(of: try PublicKey(line: HubFixture.key(of: "liar"))))
        #expect(hub.directory.names(in: "staging/liar").count == 20)
    }

    @Test func `holes take no room of a quota`() throws {
        let hub = try HubFixture()
        let laptop = try hub.join("laptop")
        let path = hub.directory.path("staging/laptop/sparse")
        let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        #expect(ftruncate(descriptor, 1 << 40) == 0)
        close(descriptor)
        let sizes = hub.core.inspect { $0.store.stagedSizes(of: laptop.name) }
        #expect(sizes.map(\.name.description) == ["sparse"])
        #expect(sizes.allSatisfy { $0.bytes < 1 << 20 })
    }

    @Test(.enabled(if: geteuid() == 0, "only root may mount a disk that can be filled"))
    func `a disk that one client has filled has room again for who has something to send`() throws {
        let mount = TemporaryDirectory()
        try #require(Glibc.mount("tmpfs", mount.path, "tmpfs", 0, "size=16m") == 0)
        defer { umount2(mount.path, Int32(MNT_DETACH)) }
        let hub = try HubFixture(below: mount.path)
        _ = try hub.join("liar")
        let other = try hub.join("other")
        let path = hub.directory.path("staging/liar/ballast")
        let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        let block = [UInt8](repeating: 1, count: 1 << 16)
        while write(descriptor, block, block.count) > 0 {}
        close(descriptor)
        // It cannot even stage what it has, and says so.
        try other.report(
            cursor: 0, barrier: 0,
            pending: [PendingMessage(path: "a", direction: .up, bytes: 3, reason: "the hub's disk is full")])
        #expect(hub.keys.waitForEnd(of: try PublicKey(line: HubFixture.key(of: "liar"))))
        #expect(hub.directory.names(in: "staging/liar").isEmpty)
        // It is taken aside, and removed where nobody waits for that.
        #expect(eventually { freeBytes(of: mount.path) > 1 << 20 })
        #expect(try other.create("a", "one").applied != nil)
    }

    private func freeBytes(of path: String) -> UInt64 {
        var status = statvfs()
        return statvfs(path, &status) == 0 ? UInt64(status.f_bavail) * UInt64(status.f_bsize) : 0
    }
}
