import Glibc
import Processes
import TestSupport
import Testing

/// A phone in the share, with OpenSSH's own client: what it does reaches every machine, under the name `share`.
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

            let log = try fleet.hub.ctl("log").expectDone().output
            #expect(log.contains("share"))
            #expect(try fleet.hub.status(of: "phone").kind == .sftp)
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

    private func expectDone(_ result: Completed) throws {
        #expect(result.status.isSuccess, "\(result.errorText)")
    }
}
