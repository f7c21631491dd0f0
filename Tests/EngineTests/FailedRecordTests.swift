import SyncCore
import Testing

@testable import Simulator

/// A step on the disk whose record fails, while the process goes on: a full index, say.
struct FailedRecordTests {
    @Test(arguments: 0..<24)
    func `what was placed and not written down is not taken for its user's`(calls: Int) throws {
        let simulation = try Simulation(.chaos, agents: 2)
        let (here, there) = (simulation.agents[0], simulation.agents[1])
        try simulation.quiesce()
        try Machine(there).write("f", "one")
        try simulation.pass(there)
        // So many calls of the disk go well; then all that is in the transaction is undone, and the disk stays as it is.
        here.tree.fuse = calls
        do { try simulation.pass(here) } catch is Crash {}
        here.tree.fuse = nil
        try Machine(there).write("f", "two")
        try simulation.pass(there)
        try simulation.quiesce()
        #expect(try simulation.hub.journal.openConflicts().isEmpty)
        let share = simulation.hub.share
        let texts = share.things().compactMap { thing -> String? in
            guard case .file(let file) = thing.content else { return nil }
            return String(decoding: share.contents.bytes(of: file.digest) ?? [], as: UTF8.self)
        }
        #expect(texts == ["two"])
    }
}
