import ControlAPI
import FileTree
import Processes
import SyncCore
import TestSupport
import Testing

@testable import Hub

/// What is made durable while others write much.
struct SyncingTests {
    @Test func `what Linux has still to write is the sum of what waits and what is on its way`() {
        let text = "MemTotal: 4048172 kB\nDirty:            1000 kB\nWriteback:          24 kB\nWritebackTmp: 7 kB\n"
        #expect(DirtyMemory.bytes(in: text) == 1_024 << 10)
        #expect(DirtyMemory.bytes(in: "") == 0 && DirtyMemory.bytes(in: "Dirty: many kB\nDirty: 5 pages\n") == 0)
    }

    @Test(arguments: [Int64(0), Int64.max])
    func `steps of all kinds are written down, beside a busy disk and a quiet one`(busyFrom: Int64) throws {
        var settings = HubCoreSettings()
        settings.busyFrom = busyFrom
        let hub = try HubFixture(settings: settings)
        let laptop = try hub.join("laptop")
        let directory = try #require(
            try laptop.commit(
                laptop.operation(
                    .create(in: .node(.root), name: try Name("d"), content: .directory(Mode(0o755)))))[0].applied)
        let a = try #require(try laptop.create("a", "one", in: directory.id).applied)
        let b = try #require(try laptop.create("b", "one more").applied)
        _ = try laptop.commit(
            laptop.operation(
                .create(in: .node(.root), name: try Name("l"), content: .symlink(target: Array("a".utf8), mtime: 1))))
        func flush() throws {
            hub.core.inspect { $0.flush() }
            #expect(try hub.journal().pendingPlacements().isEmpty)
            #expect(hub.core.inspect { $0.diskTrouble } == nil)
        }
        try flush()
        #expect(try laptop.edit(a, "two").applied != nil)
        try flush()
        _ = try laptop.commit(
            laptop.operation(
                .edit(directory.id, base: directory.contentVersion, content: .directory(Mode(0o700)))),
            laptop.operation(
                .move(b.id, base: b.locationVersion, to: .node(directory.id), name: try Name("c"))))
        try flush()
        #expect(hub.directory.text("share/d/a") == "two" && hub.directory.text("share/d/c") == "one more")
        // A file that nobody may read, and so many at once that they are made durable together.
        let closed = content("closed", mode: 0)
        #expect(
            try laptop.commit(
                laptop.operation(
                    .create(in: .node(.root), name: try Name("closed"), content: .file(closed)),
                    .staged(file: laptop.stage("closed"), offset: 0)))[0].applied != nil)
        try flush()
        let many = try (0..<40).map { try laptop.creation("many\($0)", "many\($0)") }
        let request = laptop.request(many)
        let answer = try hub.post("/v1/commit", request, token: laptop.token, as: CommitResponse.self)
        #expect(answer.outcomes.count == 40)
        try flush()
        let last = try #require(try hub.journal().node(a.id))
        _ = try laptop.commit(
            laptop.operation(.delete(a.id, contentBase: last.contentVersion, locationBase: last.locationVersion)))
        try flush()
        #expect(hub.directory.names(in: "share/d") == ["c"] && hub.shareNames().count == 43)
    }
}
