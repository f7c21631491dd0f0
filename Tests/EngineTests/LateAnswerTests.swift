import SyncCore
import Testing

@testable import Simulator

/// What happens on this side between a commit's draft and its answer.
struct LateAnswerTests {
    @Test func `an edit made while a mode was on its way does not replace bytes that came with the answer`() throws {
        let simulation = try Simulation(.chaos, agents: 2)
        let (here, there) = (simulation.agents[0], simulation.agents[1])
        try Machine(here).write("f", "old")
        try simulation.quiesce()
        try Machine(there).write("f", "theirs")
        try simulation.pass(there)
        // The mode is sent upon the old bytes, and the hub merges it with theirs.
        try Machine(here).chmod("f", 0o600)
        try here.lookAll()
        try here.hash(100)
        try here.takeHashes()
        #expect(try here.draft(100) > 0)
        try Machine(here).write("f", "mine")
        try here.send(loses: false)
        try here.takeAnswer()
        try simulation.quiesce()
        let share = simulation.hub.share
        let held = share.things().compactMap { thing -> String? in
            guard case .file(let file) = thing.content else { return nil }
            return String(decoding: share.contents.bytes(of: file.digest) ?? [], as: UTF8.self)
        }
        #expect(held.sorted() == ["mine", "theirs"])
        #expect(try simulation.hub.journal.openConflicts().count == 1)
    }
}
