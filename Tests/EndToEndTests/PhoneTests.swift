import ControlAPI
import Glibc
import Processes
import TestSupport
import Testing

/// A phone in the share, with OpenSSH's own client: what it does reaches every machine, under its own name.
@Suite(.fleet)
struct PhoneTests {
    @Test func `what a phone does reaches the agents, and a wait covers it`() throws {
        try withFleet { fleet in
            let (ann, bea) = (fleet["ann"].folder, fleet["bea"].folder)
            try ann.write("an agent's", to: "from ann")
            try fleet.expectSame()
            let phone = try FleetPhone(fleet, "phone")
            let one = fleet.directory.write("a picture", to: "one.jpg")
            let two = fleet.directory.write("another picture", to: "two.jpg")
            try expectDone(phone.sftp("mkdir photos", "put \(one) photos/one.jpg", "put \(two) photos/two.jpg.part"))
            try expectDone(phone.sftp("rename photos/two.jpg.part photos/two.jpg"))
            try fleet.expectSame()
            #expect(bea.text("photos/one.jpg") == "a picture")
            #expect(ann.text("photos/two.jpg") == "another picture")

            try expectDone(
                phone.sftp(
                    "put \(two) photos/one.jpg", "chmod 600 photos/two.jpg", "rename photos pictures"))
            try fleet.expectSame()
            #expect(ann.text("pictures/one.jpg") == "another picture")
            #expect(!ann.exists("photos"))

            try expectDone(
                phone.sftp(
                    "rm pictures/one.jpg", "rm pictures/two.jpg", "rmdir pictures", "rm \"from ann\""))
            try fleet.expectSame()
            #expect(ann.names().isEmpty && bea.names().isEmpty)

            let log: [LogMessage] = try fleet.hub.changes()
            #expect(Set(log.map(\.client)) == ["ann", "phone"] && log.first?.client == "ann")
            #expect(try fleet.hub.status(of: "phone").kind == .sftp)
        }
    }

    @Test func `the log says which of two phones it was, and of what both wrote that it was the share`() throws {
        try withFleet(agents: ["ann"]) { fleet in
            let (phone, tablet) = (try FleetPhone(fleet, "phone"), try FleetPhone(fleet, "tablet"))
            let bytes = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 9) }
            let large = fleet.directory.write(bytes, to: "large")
            let small = fleet.directory.write("small", to: "small")
            try expectDone(phone.sftp("put \(small) a", "mkdir d"))
            try fleet.expectSame()
            try expectDone(tablet.sftp("put \(small) d/b", "rename a d/a", "chmod 600 d/a"))
            try fleet.expectSame()
            // Half a megabyte a second: the other one writes the same file meanwhile.
            let upload = try phone.sftp("put \(large) c", limit: 4_000)
            try eventually("some of it is there") { fleet.hub.share.read("c").map { !$0.isEmpty } ?? false }
            try expectDone(tablet.sftp("put \(small) c", "put \(small) e"))
            #expect(upload.wait().isSuccess)
            try fleet.expectSame()
            try expectDone(phone.sftp("rm d/b", "put \(small) c"))
            try fleet.hub.share.write("by hand", to: "f")
            try fleet.expectSame()

            let log: [LogMessage] = try fleet.hub.changes()
            let story = Dictionary(grouping: log) { $0.path }.mapValues { $0.map { "\($0.client) \($0.change)" } }
            #expect(story["a"] == ["phone create"] && story["d"] == ["phone create"])
            #expect(
                story["d/a"]?.allSatisfy { $0.hasPrefix("tablet ") } == true && story["d/a"]?.first == "tablet move")
            #expect(story["d/b"] == ["tablet create", "phone delete"])
            #expect(story["c"] == ["share create", "phone edit"])
            #expect(story["e"] == ["tablet create"] && story["f"] == ["share create"])
            let text = try fleet.hub.ctl("log").expectDone().output
            #expect(text.contains("tablet") && text.contains("phone"))

            // The history of a path says the same, at the hub and through an agent.
            let past: [HistoryMessage] = try fleet.hub.ctl("history", "c", "--json").decoded()
            #expect(past.map(\.client) == ["share", "phone"] && past.last?.state == .current)
            let gone: [HistoryMessage] = try fleet["ann"].ctl("history", "d/b", "--json").decoded()
            #expect(gone.map { "\($0.client) \($0.change)" } == ["tablet create", "phone delete"])
            #expect(gone.last?.state == .deleted && gone.last?.size == 5)
            #expect(try fleet.hub.ctl("history", "never").code == 4)
        }
    }

    @Test func `no agent gets a piece of an upload, and a broken one goes on`() throws {
        try withFleet(agents: ["ann"]) { fleet in
            let phone = try FleetPhone(fleet, "phone")
            let bytes = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 9) }
            let large = fleet.directory.write(bytes, to: "large")
            // Half a megabyte a second.
            let upload = try phone.sftp("put \(large) large", limit: 4_000)
            try eventually("some of it is there") { fleet.hub.share.read("large").map { $0.count > 100_000 } ?? false }
            try fleet.wait()
            #expect(!fleet["ann"].folder.exists("large"))
            // The line breaks.
            upload.kill()
            _ = upload.wait()
            try expectDone(phone.sftp("reput \(large) large"))
            try fleet.expectSame()
            #expect(fleet["ann"].folder.read("large") == bytes)
        }
    }

    @Test func `a broken upload waits with its reason, also after the hub was killed, until all of it was written`()
        throws
    {
        try withFleet(agents: ["ann"]) { fleet in
            let phone = try FleetPhone(fleet, "phone")
            try fleet["ann"].folder.write("the old one", to: "large")
            try fleet.expectSame()
            let bytes = (0..<4_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 9) }
            let large = fleet.directory.write(bytes, to: "large")
            // Half a megabyte a second.
            let upload = try phone.sftp("put \(large) large", limit: 4_000)
            try eventually("much of it is there") {
                fleet.hub.share.read("large").map { $0.count > 1_500_000 } ?? false
            }
            fleet.hub.kill()
            upload.kill()
            _ = upload.wait()
            try fleet.hub.start()
            try eventually("it is told that it broke off") {
                try fleet.hub.ctl("unsynced", "--json").expectDone().output.contains("phone's upload of it broke off")
            }
            try fleet.wait()
            #expect(fleet["ann"].folder.text("large") == "the old one")

            try expectDone(phone.sftp("reput \(large) large"))
            try fleet.expectSame()
            #expect(fleet["ann"].folder.read("large") == bytes)
            // The line breaks while the hub runs.
            let other = try phone.sftp("put \(large) other", limit: 4_000)
            try eventually("some of it is there") { fleet.hub.share.read("other").map { $0.count > 100_000 } ?? false }
            other.kill()
            _ = other.wait()
            try eventually("it is told that it broke off") {
                try fleet.hub.ctl("unsynced", "--json").expectDone().output.contains("phone's upload of it broke off")
            }
            try fleet.wait()
            #expect(!fleet["ann"].folder.exists("other"))
            try expectDone(phone.sftp("rename other renamed"))
            try fleet.expectSame()
            #expect(fleet["ann"].folder.exists("renamed"))
        }
    }

    private func expectDone(_ result: Completed) throws {
        #expect(result.status.isSuccess, "\(result.errorText)")
    }
}
