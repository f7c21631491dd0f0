import ControlAPI
import FileTree
import Glibc
import Journal
import SyncCore
import TestSupport
import Testing

@testable import Hub

/// What is overwritten in place or removed in the share is in `versions/`, since it was put there while it was current.
struct ProtectTests {
    /// Where a hub's root lies, and what its setting is: copies that share their blocks, or whole ones.
    enum Ground: String, Sendable, CaseIterable {
        case clones, copies

        static var possible: [Ground] { SharingDisk.isPossible ? [.clones, .copies] : [.copies] }
        var setting: ProtectSetting { self == .clones ? .off : .copy }
        func disk() throws -> SharingDisk? { self == .clones ? try SharingDisk() : nil }
    }

    private func version(_ share: ShareHub, _ text: String) -> String? {
        let hex = content(text).digest.hex
        return share.hub.directory.text("versions/\(hex.prefix(2))/\(hex)")
    }

    private func versions(_ share: ShareHub) -> [String] {
        share.hub.directory.names(in: "versions").flatMap { share.hub.directory.names(in: "versions/\($0)") }
    }

    private func allKept(_ share: ShareHub) throws {
        try eventually("everything is kept", within: .seconds(20)) {
            let count = try share.hub.journal().countCurrent()
            return count.all == count.kept
        }
    }

    @Test(arguments: Ground.possible)
    func `what is overwritten in place and what is removed is in versions, and comes back`(_ ground: Ground) throws {
        let disk = try ground.disk()
        defer { withExtendedLifetime(disk) {} }
        let share = try ShareHub(below: disk?.path, protect: ground.setting)
        let laptop = try share.hub.join("laptop")
        let node = try #require(try laptop.create("a", "laptop's").applied)
        share.put("phone's", "b")
        try share.settled()
        try allKept(share)
        #expect(version(share, "laptop's") == "laptop's" && version(share, "phone's") == "phone's")
        #expect(try share.hub.journal().versions(limit: 9).isEmpty)

        share.put("other", "a")
        share.remove("b")
        try share.settled()
        #expect(version(share, "laptop's") == "laptop's" && version(share, "phone's") == "phone's")
        let displaced = try share.hub.journal().versions(limit: 9).map(\.digest)
        #expect(Set(displaced) == [content("laptop's").digest, content("phone's").digest])

        // As whoever restores it does: by the digest that the history has.
        let journal = try share.hub.journal()
        let was = try #require(try journal.content(of: node.id, at: node.contentVersion)?.file)
        let now = try #require(try journal.node(node.id))
        _ = try laptop.commit(
            laptop.operation(.edit(node.id, base: now.contentVersion, content: .file(was)), .known))
        #expect(share.text("a") == "laptop's")
        let gone = try #require(try journal.history(after: .zero, limit: 99).first { $0.path == path("b") })
        let back = try laptop.commit(
            laptop.operation(.create(in: .node(.root), name: try Name("b"), content: gone.node.content), .known))
        #expect(back[0].applied != nil && share.text("b") == "phone's")
        try share.expectSame()
        try allKept(share)
        #expect(share.hub.directory.names(in: ".synchub/copies").isEmpty)
    }

    @Test(arguments: Ground.possible)
    func `what was there before is kept too, and goes when nobody wants it any more`(_ ground: Ground) throws {
        let disk = try ground.disk()
        defer { withExtendedLifetime(disk) {} }
        let share = try ShareHub(below: disk?.path, protect: .never) { root in
            for number in 0..<5 { root.directory.write("text \(number)", to: "share/f\(number)") }
        }
        try share.settled()
        #expect(versions(share).isEmpty)
        try share.hub.restart(protect: ground.setting)
        try allKept(share)
        #expect((0..<5).allSatisfy { version(share, "text \($0)") == "text \($0)" })
        share.put("other", "f0")
        try share.settled()
        try allKept(share)
        try share.hub.restart(protect: .never)
        try eventually("what has its bytes in the share is gone, \(versions(share))") { versions(share).count == 1 }
        #expect(version(share, "text 0") == "text 0")
        #expect(try share.hub.journal().neverDisplaced(after: nil, limit: 9).isEmpty)
    }

    @Test func `on a disk that shares no blocks nothing is kept unless somebody asks for it`() throws {
        let share = try ShareHub()
        try #require(try !Capabilities.probe(share.hub.layout.privateFiles).reflinks)
        let laptop = try share.hub.join("laptop")
        _ = try laptop.create("a", "laptop's")
        share.put("phone's", "b")
        try share.settled()
        share.remove("a")
        share.put("other", "b")
        try share.settled()
        #expect(versions(share).isEmpty)
    }

    @Test func `what is being removed from versions does not take along what comes there meanwhile`() throws {
        let share = try ShareHub(protect: .copy)
        let laptop = try share.hub.join("laptop")
        let node = try #require(try laptop.create("a", "one").applied)
        try allKept(share)
        let old = try share.hub.core.inspect { try $0.store.takeOut(content("one").digest) }
        #expect(version(share, "one") == nil)
        // What is displaced finds its name free.
        _ = try laptop.edit(node, "two")
        try old?.remove()
        #expect(version(share, "one") == "one")
        #expect(try share.hub.core.inspect { try $0.store.takeOut(content("three").digest)?.name } == nil)
    }

    @Test(arguments: Ground.possible)
    func `what a crash has left is a version only if its bytes are on record`(_ ground: Ground) throws {
        let disk = try ground.disk()
        defer { withExtendedLifetime(disk) {} }
        let share = try ShareHub(below: disk?.path, protect: ground.setting)
        let laptop = try share.hub.join("laptop")
        let node = try #require(try laptop.create("a", "one").applied)
        _ = try laptop.edit(node, "two")
        _ = try laptop.create("b", "three")
        try allKept(share)
        let directory = share.hub.directory
        let names = { (text: String) in (content(text).digest.hex.prefix(2), content(text).digest.hex) }
        try share.hub.restart {
            // The rename of one was not durable yet, that of another was damaged with its disk, and a third is torn.
            for (text, name) in [("one", "1"), ("two", "2")] {
                let (shelf, hex) = names(text)
                #expect(
                    rename(directory.path("versions/\(shelf)/\(hex)"), directory.path(".synchub/copies/\(name)")) == 0)
            }
            directory.write("tw", to: ".synchub/copies/3")
            let (shelf, hex) = names("three")
            directory.write("", to: "versions/\(shelf)/\(hex)")
        }
        try eventually("all is as it should be") {
            directory.names(in: ".synchub/copies").isEmpty && version(share, "three") == "three"
        }
        #expect(version(share, "one") == "one" && version(share, "two") == "two")
        #expect(versions(share).count == 3)
    }

    @Test(arguments: Ground.possible)
    func `a refused commit leaves nothing`(_ ground: Ground) throws {
        let disk = try ground.disk()
        defer { withExtendedLifetime(disk) {} }
        let share = try ShareHub(below: disk?.path, protect: ground.setting)
        let laptop = try share.hub.join("laptop")
        let node = try #require(try laptop.create("a", "one").applied)
        _ = try laptop.commit(
            laptop.operation(.delete(node.id, contentBase: node.contentVersion, locationBase: node.locationVersion)))
        let refused = try laptop.commit(
            laptop.operation(
                .create(in: .node(NodeID(99)), name: try Name("x"), content: .file(content("lost"))),
                .staged(file: laptop.stage("lost"), offset: 0)))
        guard case .refused = refused[0] else {
            Issue.record("\(refused)")
            return
        }
        try share.settled()
        #expect(version(share, "lost") == nil && share.hub.directory.names(in: ".synchub/copies").isEmpty)
    }

    @Test(.enabled(if: geteuid() == 0, "needs root, to mount a small disk"))
    func `copies leave room, and what was not copied is told and copied when there is some`() throws {
        let directory = TemporaryDirectory()
        let mounts = FleetMounts()
        defer { mounts.unmountAll() }
        let disk = directory.makeDirectory("disk")
        try mounts.tmpfs(on: disk, megabytes: 100)
        let share = try ShareHub(below: disk, protect: .copy)
        share.hub.directory.write([UInt8](repeating: 1, count: 40 << 20), to: "share/large")
        share.put("small", "small")
        try share.settled()
        try eventually("it is told") { share.hub.core.inspect { $0.copyKeeper.missed != nil } }
        #expect(share.hub.core.inspect { $0.copyKeeper.missed?.reason } == "copies leave some of the disk free")
        share.remove("large")
        share.put("next", "next")
        try share.settled()
        share.hub.core.inspect { $0.copyKeeper.lookAgain() }
        try allKept(share)
        #expect(version(share, "small") == "small" && version(share, "next") == "next")
    }

    @Test func `a journal made anew knows what is current from what was displaced`() throws {
        let share = try ShareHub(protect: .copy)
        share.put("old", "a")
        share.put("current", "b")
        try share.settled()
        try allKept(share)
        share.put("new", "a")
        try share.settled()
        try allKept(share)
        try share.hub.restart {
            share.hub.directory.write("{ name: 'x', sftp: { port: 1 }, api: { port: 2 } }", to: "hub.json5")
            share.hub.directory.write("torn", to: ".synchub/copies/1")
            let report = try HubRebuild(layout: share.hub.layout, clock: .system).run()
            #expect(report.versions == 4 && report.rescued == 1)
        }
        let displaced = try share.hub.journal().versions(limit: 9).map(\.digest)
        #expect(Set(displaced) == [content("old").digest, content("torn").digest])
    }

    private func path(_ text: String) -> RelativePath { try! RelativePath(bytes: Array(text.utf8)) }
}
