import ControlAPI
import TestSupport
import Testing

/// Moves travel as one operation without content.
@Suite(.fleet)
struct MoveTests {
    /// More than a thousand names and some talking, far less than the content.
    private let little = 300_000

    private func makeTree(_ fleet: Fleet) throws {
        for number in 0..<1_000 {
            try fleet["ann"].folder.write(
                noise(4_096, seed: UInt64(number + 1)), to: "old name/\(number % 10)/\(number)")
        }
        try fleet.expectSame(seconds: 120)
    }

    private func bytes(_ fleet: Fleet) -> Int { fleet.agents.compactMap(\.proxy?.total).reduce(0, +) }

    private func expectMoved(_ fleet: Fleet, since before: (bytes: Int, seq: Int64)) throws {
        try fleet.expectSame(seconds: 120)
        #expect(fleet["bea"].folder.exists("new name/3/333"))
        #expect(!fleet["bea"].folder.exists("old name"))
        let sent = bytes(fleet) - before.bytes
        #expect(sent < little, "\(sent) bytes went for a rename")
        let changes = try fleet.hub.changes().filter { $0.seq > before.seq }
        #expect(changes.map(\.change) == ["move"])
    }

    @Test func `a renamed directory of a thousand files is one change without content`() throws {
        try withFleet(proxied: true) { fleet in
            try makeTree(fleet)
            let before = (bytes: bytes(fleet), seq: try fleet.hub.status().hub.seq)
            try fleet["ann"].folder.rename("old name", to: "new name")
            try expectMoved(fleet, since: before)
        }
    }

    @Test func `a directory renamed while the agent was stopped is one change without content`() throws {
        try withFleet(proxied: true) { fleet in
            try makeTree(fleet)
            try fleet["ann"].stop()
            let before = (bytes: bytes(fleet), seq: try fleet.hub.status().hub.seq)
            try fleet["ann"].folder.rename("old name", to: "new name")
            try fleet["ann"].start()
            try expectMoved(fleet, since: before)
        }
    }

    @Test func `a file moved to another directory is one change`() throws {
        try withFleet { fleet in
            try fleet["ann"].folder.write("content", to: "here/file")
            try fleet["ann"].folder.makeDirectories("there")
            try fleet.expectSame()
            let before = try fleet.hub.status().hub.seq
            try fleet["bea"].folder.rename("here/file", to: "there/other name")
            try fleet.expectSame()
            #expect(fleet["ann"].folder.text("there/other name") == "content")
            #expect(try fleet.hub.changes().filter { $0.seq > before }.map(\.change) == ["move"])
        }
    }

    @Test func `an editor that writes beside and renames over has edited one file`() throws {
        try withFleet { fleet in
            try fleet["ann"].folder.write("one", to: "text")
            try fleet.expectSame()
            let before = try fleet.hub.status().hub.seq
            try fleet["ann"].folder.write("two", to: "text.tmp")
            try fleet["ann"].folder.rename("text.tmp", to: "text")
            try fleet.expectSame()
            #expect(fleet["bea"].folder.text("text") == "two")
            #expect(try fleet.hub.changes().last { $0.seq > before && $0.path == "text" }?.change == "edit")
        }
    }

    @Test func `a directory made anew is watched, though it may have the inode of the one that was deleted`() throws {
        try withFleet { fleet in
            for round in 0..<20 {
                try fleet["ann"].folder.write("\(round)", to: "again/file \(round)")
                try fleet.wait()
                try fleet["ann"].folder.remove("again")
                try fleet["ann"].folder.makeDirectories("again")
                try fleet.wait("again")
                try fleet["ann"].folder.write("later", to: "again/later")
                try fleet.wait()
                try eventually("round \(round) arrived", within: .seconds(5)) {
                    fleet["bea"].folder.exists("again/later")
                }
            }
            try fleet.expectSame()
        }
    }

    @Test func `a new directory is not taken for one that was deleted, though it may have its inode`() throws {
        try withFleet { fleet in
            let folder = fleet["ann"].folder
            for round in 0..<20 { try folder.makeDirectories("old \(round)") }
            try fleet.expectSame()
            let before = try fleet.hub.status().hub.seq
            for round in 0..<20 {
                try folder.remove("old \(round)")
                try folder.makeDirectories("new \(round)")
            }
            try fleet.expectSame()
            let changes = try fleet.hub.changes().filter { $0.seq > before }
            #expect(Set(changes.map(\.change)) == ["create", "delete"])
        }
    }
}
