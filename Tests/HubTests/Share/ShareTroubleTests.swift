import FileTree
import SQLite
import SyncCore
import TestSupport
import Testing

@testable import Hub

/// What the journal refuses while the share is looked at.
struct ShareTroubleTests {
    @Test func `a batch that meets an error of the journal is looked at again`() throws {
        let share = try ShareHub()
        let names = (0..<5).map { "f\($0)" }
        for name in names { share.put("one", name) }
        try share.settled()
        let file = try Database(path: share.hub.layout.journal)
        try share.hub.core.inspect { desk in
            let watcher = try #require(desk.share)
            var batch: [ShareHashRequest] = []
            for name in names {
                share.put("two", name)
                let spot = Spot(directory: .root, name: try Name(name))
                let request = ShareHashRequest(spot: spot, path: RelativePath([spot.name]), size: 3, wasQuiet: true)
                watcher.inHash.insert(spot)
                batch.append(request)
            }
            let results = watcher.hasher.look(at: batch)
            try file.run("ALTER TABLE node RENAME TO away")
            watcher.betweenTurns { try watcher.absorb(batch, results) }
            try file.run("ALTER TABLE away RENAME TO node")
            #expect(watcher.inHash.isEmpty)
        }
        try share.expectSame()
        for name in names { #expect(try share.node(name)?.content.file?.digest == content("two").digest) }
    }

    @Test func `what has gone since a batch met an error of the journal is waited for no longer`() throws {
        let share = try ShareHub()
        share.put("one", "there")
        try share.settled()
        let file = try Database(path: share.hub.layout.journal)
        try share.hub.core.inspect { desk in
            let watcher = try #require(desk.share)
            var batch: [ShareHashRequest] = []
            for name in ["there", "gone"] {
                let spot = Spot(directory: .root, name: try Name(name))
                watcher.inHash.insert(spot)
                watcher.begin(.name(spot))
                batch.append(ShareHashRequest(spot: spot, path: RelativePath([spot.name]), size: 3, wasQuiet: true))
            }
            let results = watcher.hasher.look(at: batch)
            try file.run("ALTER TABLE node RENAME TO away")
            watcher.betweenTurns { try watcher.absorb(batch, results) }
            try file.run("ALTER TABLE away RENAME TO node")
        }
        try share.expectSame()
        try eventually("nothing is to be finished") { share.hub.core.inspect { $0.share?.unfinished.isEmpty == true } }
    }
}
