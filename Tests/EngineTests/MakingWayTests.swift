import SyncCore
import Testing

@testable import Simulator

/// A phone's thing has a name that is decided for another, and the hub dies while it makes way: what it was to be stays what it is.
struct MakingWayTests {
    enum Case: CaseIterable { case file, symlink, directory, upload, removal }
    enum Deed: CaseIterable { case nothing, edit, save, delete }

    private let simulation = try! Simulation(.chaos, agents: 2)  // SAFETY: in memory; a test's own fixture.
    private var here: SimulatedAgent { simulation.agents[0] }
    private var hub: SimulatedHub { simulation.hub }
    private var phone: PhoneHands { PhoneHands(simulation) }
    private let aside = "f (conflict D share)"

    /// Sends what takes the name `f`, which the phone's thing has, to a hub that dies after so many steps on its disk.
    private func meet(_ kind: Case, after steps: Int) throws {
        if kind == .removal {
            try Machine(here).write("f", "old")
            try simulation.quiesce()
            try Machine(here).delete("f")
        }
        switch kind {
        case .file, .directory: try Machine(here).write("f", "mine")
        case .symlink: try Machine(here).makeSymlink("f", "mine")
        case .upload, .removal: try Machine(here).makeDirectory("f")
        }
        if kind == .directory {
            try phone.makeDirectory("f")
            try phone.write("f/g", "phone's")
        } else {
            try phone.write("f", "phone's")
        }
        simulation.world.now += 3_000_000_000
        try here.lookAll()
        try here.hash(100)
        try here.takeHashes()
        try here.draft(100)
        hub.disk.fuse = steps
        try here.send(loses: false)
    }

    /// What files hold and symlinks say, sorted by path.
    private var texts: [String] {
        hub.share.things().compactMap { thing in
            switch thing.content {
            case .file(let file): hub.contents.bytes(of: file.digest).map { String(decoding: $0, as: UTF8.self) }
            case .symlink(let target, _): String(decoding: target, as: UTF8.self)
            case .directory: nil
            }
        }.sorted()
    }

    private func isThere(_ path: String) throws -> Bool {
        try hub.share.inode(at: RelativePath(bytes: Array(path.utf8))) != nil
    }

    @Test(arguments: Case.allCases, 0..<32)
    func `what makes way goes where it was to go, and nothing else does, wherever the hub dies`(
        _ kind: Case, after steps: Int
    ) throws {
        try meet(kind, after: steps)
        try simulation.quiesce()
        #expect(texts == (kind == .upload || kind == .removal ? ["phone's"] : ["mine", "phone's"]))
        #expect(hub.share.things().filter { $0.path.names.count == 1 }.count == 2)
        let found = try hub.journal.history(after: .zero, limit: 100).filter { $0.client == "share" }
        #expect(!found.contains { $0.change == .delete || $0.change == .move })
        #expect(Set(found.map(\.node.id)).count <= (kind == .directory ? 2 : 1))
    }

    @Test(arguments: Deed.allCases, 0..<32)
    func `what has made way may change before the hub starts again, and what took its name keeps that`(
        _ deed: Deed, after steps: Int
    ) throws {
        try meet(.file, after: steps)
        let hasMadeWay = try isThere(aside)
        let path = hasMadeWay ? aside : "f"
        switch deed {
        case .nothing: break
        case .edit: try phone.write(path, "again")
        case .save:
            try phone.delete(path)
            try phone.write(path, "again")
        case .delete: try phone.delete(path)
        }
        try simulation.quiesce()
        let kept = deed == .nothing ? ["mine", "phone's"] : deed == .delete ? ["mine"] : ["again", "mine"]
        #expect(texts == kept)
        let found = try hub.journal.history(after: .zero, limit: 100).filter { $0.client == "share" }
        #expect(Set(found.map(\.node.id)).count <= 1)
        guard hasMadeWay else { return }
        let names = hub.share.things().map { "\($0.path)" }
        #expect(names == (deed == .delete ? ["f"] : ["f", aside]))
    }

    /// What came back was the name's new thing, under the name that the phone's was to get.
    @Test func `what is deleted while a phone's thing makes way for it stays deleted, though the hub died meanwhile`()
        throws
    {
        try Simulation.run(
            #require(
                History(
                    """
                    starts 2
                    1 user 8925950355742014933
                    1 user 16644459805051450319
                    1 hubDies 4754362815623360781
                    0 phone 14947683912076993928
                    1 hubStart 4836953452352956543
                    1 user 5553530344414829281
                    1 sync 4454228451843114432
                    """)))
    }
}
