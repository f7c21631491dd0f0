import Engine
import Index
@testable import Simulator
import SyncCore
import Testing

/// Files whose bytes changed without a trace in size, times and inode: bad memory, a disk that rots, somebody with a debugger.
struct VerifyTests {
    @Test func `a byte that changed behind the file system's back is found when no digest is believed`() throws {
        let (clock, contents) = (Clock(World()), Contents())
        let hub = try SimulatedHub(clock: clock, contents: contents)
        let agent = try SimulatedAgent(0, hub: hub, clock: clock, contents: contents)
        let path = try RelativePath(bytes: Array("f".utf8))
        let file = agent.tree.newInode(.file, mode: Mode(0o644))
        file.bytes = Array("good".utf8)
        agent.tree.link(file, at: path)
        try pass(agent)
        clock.now += 10_000_000_000
        try agent.hashAgain()
        try agent.takeHashes()
        let stamp = file.stamp
        file.bytes = Array("evil".utf8)
        #expect(file.stamp == stamp)
        try agent.folder.lookAtEverything()
        try pass(agent)
        #expect(hub.share.inode(at: path)?.bytes == Array("good".utf8))
        try agent.index.forgetDigests()
        try agent.folder.lookAtEverything()
        try pass(agent)
        #expect(hub.share.inode(at: path)?.bytes == Array("evil".utf8))
        #expect(try agent.index.unsettledCount == 0)
    }

    private func pass(_ agent: SimulatedAgent) throws {
        try agent.lookAll()
        try agent.hash(100)
        try agent.takeHashes()
        try agent.draft(100)
        try agent.send(loses: false)
        try agent.takeAnswer()
        try agent.askForPage(100)
        try agent.takePage()
        try agent.draft(100)
    }
}
