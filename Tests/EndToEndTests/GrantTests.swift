import ControlAPI
import TestSupport
import Testing

/// Devices that may do less than all.
@Suite(.fleet)
struct GrantTests {
    @Test func `a read-only machine receives, and what changes on it is sent nowhere`() throws {
        try withFleet(agents: ["ann"]) { fleet in
            let ann = fleet["ann"].folder
            try ann.write("one", to: "one")
            try fleet.wait()
            let frame = try fleet.join("frame", invited: ["--read-only"])
            try frame.start()
            try fleet.wait()
            #expect(frame.folder.text("one") == "one")
            try frame.folder.write("mine", to: "mine")
            try ann.write("two", to: "two")
            try fleet.wait()
            #expect(frame.folder.text("two") == "two")
            let client = try fleet.hub.status(of: "frame")
            #expect(client.state == .inSync && client.mode == "receive-only")
            #expect(!ann.exists("mine") && !fleet.hub.share.exists("mine"))
            #expect(try fleet.hub.ctl("clients").expectDone().output.contains("read-only"))
        }
    }

    @Test func `a phone of a part lives in it, wherever it goes, and one that is read-only changes nothing`() throws {
        try withFleet(agents: ["ann"]) { fleet in
            let ann = fleet["ann"].folder
            try ann.write("a picture", to: "photos/one.jpg")
            try ann.write("a secret", to: "secret")
            try fleet.wait()
            let guest = try FleetPhone(fleet, "guest", invited: ["--subtree", "photos"])
            let screen = try FleetPhone(fleet, "screen", invited: ["--read-only"])
            let (text, got) = (fleet.directory.write("new", to: "text"), fleet.directory.path("got"))
            #expect(try guest.sftp("get one.jpg \(got)", "put \(text) two.jpg").status.isSuccess)
            #expect(fleet.directory.text("got") == "a picture")
            #expect(try !guest.sftp("get ../secret \(got)").status.isSuccess)
            #expect(try !screen.sftp("put \(text) new").status.isSuccess)
            #expect(try !screen.sftp("rm secret").status.isSuccess)
            try fleet.expectSame()
            #expect(ann.text("photos/two.jpg") == "new" && ann.text("secret") == "a secret")
            try ann.rename("photos", to: "pictures")
            try fleet.expectSame()
            #expect(try guest.sftp("rm two.jpg", "put \(text) three.jpg").status.isSuccess)
            #expect(try screen.sftp("get pictures/three.jpg \(got)").status.isSuccess)
            try fleet.expectSame()
            #expect(ann.names(in: "pictures") == ["one.jpg", "three.jpg"])
        }
    }
}
