import ControlAPI
import Glibc
import Processes
import SyncCore
import TestSupport
import Testing

@testable import Hub

/// A disk that fails in the instant of a commit: SQLite may have said that it is kept.
@Suite(.enabled(if: geteuid() == 0, "mounting wants root"))
struct FailingDiskTests {
    @Test func `what the journal took while its disk failed is acknowledged when the disk takes writes again`()
        throws
    {
        let hub = try HubFixture()
        let ann = try hub.join("ann")
        // What is open goes on being written, as in the page cache; nothing new can be made any more.
        let root = hub.layout.root
        let mounts = FleetMounts()
        defer { mounts.unmountAll() }
        try mounts.bind(root, on: root)
        #expect(try run("/bin/mount", ["-o", "remount,bind,ro", root]).status.isSuccess)
        let request = ann.request([
            ann.operation(.create(in: .node(.root), name: try Name("d"), content: .directory(Mode(0o755))))
        ])
        func commit() throws -> [Outcome] {
            try hub.post("/v1/commit", request, token: ann.token, as: CommitResponse.self).outcomes.map {
                try $0.outcome()
            }
        }
        for _ in 1...2 {
            do {
                _ = try commit()
                Issue.record("it was acknowledged")
            } catch let error as ErrorMessage {
                #expect(error.code == .readOnly && error.message.contains("repair it"))
            }
        }
        #expect(hub.core.inspect { try? $0.head } == Sequence(1))
        try mounts.unmount(root)
        #expect(try commit().first?.applied?.location.name.description == "d")
        #expect(hub.core.inspect { try? $0.head } == Sequence(1))
    }
}
