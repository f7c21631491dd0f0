import ControlAPI
import TestSupport
import Testing

/// Large contents travel beside everything else, and go on where they were cut.
@Suite(.fleet)
struct BulkTests {
    private let size = 24 << 20
    /// What the protocols around it may take, and what was under way when a connection broke.
    private let slack = 5 << 20

    /// Begins to send a large file from `ann`, and holds it.
    private func holdUpload(_ fleet: Fleet) throws -> FleetProxy {
        let proxy = fleet["ann"].proxy!  // SAFETY: these fleets are proxied.
        proxy.hold(after: size / 3, .up)
        try fleet["ann"].folder.write(noise(size), to: "large")
        try proxy.waitForMark(.up)
        return proxy
    }

    private func expectArrived(_ fleet: Fleet, _ proxy: FleetProxy) throws {
        proxy.release()
        try fleet.expectSame(seconds: 90)
        #expect(fleet.hub.share.item("large") == fleet["ann"].folder.item("large"))
        #expect(proxy.bytes.up < size + slack, "\(proxy.bytes.up) bytes went up")
        #expect(fleet.hub.staged(by: "ann") == [])
        #expect(try fleet.hub.conflicts().isEmpty)
    }

    @Test func `an upload that is cut at several places goes on each time`() throws {
        try withFleet(agents: ["ann"], proxied: true) { fleet in
            let proxy = try holdUpload(fleet)
            for _ in 0..<2 {
                proxy.hold(after: 5 << 20, .up)
                proxy.cut()
                try proxy.waitForMark(.up)
            }
            proxy.cut()
            try expectArrived(fleet, proxy)
        }
    }

    @Test func `an upload goes on after its agent was killed`() throws {
        try withFleet(agents: ["ann"], proxied: true) { fleet in
            let proxy = try holdUpload(fleet)
            fleet["ann"].kill()
            proxy.release()
            try fleet["ann"].start()
            try expectArrived(fleet, proxy)
        }
    }

    @Test func `an upload goes on after its hub was killed`() throws {
        try withFleet(agents: ["ann"], proxied: true) { fleet in
            let proxy = try holdUpload(fleet)
            fleet.hub.kill()
            try fleet.hub.start()
            try expectArrived(fleet, proxy)
        }
    }

    @Test func `what was staged and is not what it should be is sent again`() throws {
        try withFleet(agents: ["ann"], proxied: true) { fleet in
            let proxy = try holdUpload(fleet)
            fleet["ann"].kill()
            proxy.release()
            let staging = FleetFolder(fleet.hub.root + "/staging/ann")
            let name = try #require(staging.names().first { "\($0)".hasPrefix("up-") })
            let part = try #require(staging.read(name))
            try staging.write([UInt8](repeating: 7, count: part.count), to: name)
            try fleet["ann"].start()
            try fleet.expectSame(seconds: 90)
            #expect(fleet.hub.share.item("large") == fleet["ann"].folder.item("large"))
        }
    }

    @Test func `a small edit arrives while a large upload is held up, which says what it does`() throws {
        try withFleet(agents: ["ann"], proxied: true) { fleet in
            let proxy = fleet["ann"].proxy!  // SAFETY: this fleet is proxied.
            try fleet["ann"].folder.write("before", to: "note")
            try fleet.wait()
            proxy.limit(each: 4 << 20, .up)
            try fleet["ann"].folder.write(noise(size), to: "large")
            try proxy.waitForLimit()
            // At once: a connection that stands still for long is given up, and the reason is another then.
            #expect(try fleet.hub.ctl("why", "large").expectDone().output.contains("others do not wait for it"))
            try fleet["ann"].folder.write("after", to: "note")
            try eventually("the edit is there") { fleet.hub.share.text("note") == "after" }
            #expect(!fleet.hub.share.exists("large"))
            proxy.release()
            try fleet.expectSame(seconds: 90)
        }
    }

    @Test func `a large file that changes while it is sent arrives as it is last, and nothing of the old stays`() throws
    {
        try withFleet(agents: ["ann"], proxied: true) { fleet in
            let proxy = try holdUpload(fleet)
            try fleet["ann"].folder.write(noise(size, seed: 5), to: "large")
            proxy.release()
            try fleet.expectSame(seconds: 90)
            #expect(fleet.hub.share.item("large") == fleet["ann"].folder.item("large"))
            try eventually("staging is empty") { fleet.hub.staged(by: "ann") == [] }
        }
    }

    @Test func `one pass sends and receives large files too`() throws {
        try withFleet(running: false) { fleet in
            try fleet["ann"].folder.write(noise(size), to: "large")
            try fleet["ann"].run("once").expectDone()
            try fleet["bea"].run("once").expectDone()
            #expect(fleet["bea"].folder.differences(from: fleet["ann"].folder) == [])
        }
    }

    // MARK: - Down

    /// Begins to receive a large file in `bea`, and holds it.
    private func holdDownload(_ fleet: Fleet) throws -> FleetProxy {
        let proxy = fleet["bea"].proxy!  // SAFETY: these fleets are proxied.
        proxy.hold(after: size * 2 / 3, .down)
        try fleet["ann"].folder.write(noise(size), to: "large")
        try proxy.waitForMark(.down)
        return proxy
    }

    /// A break costs some MiB, which were asked for ahead; two thirds would come twice if it began again.
    private func expectReceived(_ fleet: Fleet, _ proxy: FleetProxy) throws {
        proxy.release()
        try fleet.expectSame(seconds: 90)
        #expect(proxy.bytes.down < size * 3 / 2, "\(proxy.bytes.down) bytes came down")
        #expect(FleetFolder(fleet["bea"].folder.path + "/.synchub/private").names().isEmpty)
    }

    @Test func `a download that is cut goes on`() throws {
        try withFleet(proxied: true) { fleet in
            let proxy = try holdDownload(fleet)
            proxy.cut()
            try expectReceived(fleet, proxy)
        }
    }

    @Test func `a download goes on after its agent was killed`() throws {
        try withFleet(proxied: true) { fleet in
            let proxy = try holdDownload(fleet)
            fleet["bea"].kill()
            proxy.release()
            try fleet["bea"].start()
            try expectReceived(fleet, proxy)
        }
    }

    @Test func `what was received and is not what it should be comes again`() throws {
        try withFleet(proxied: true) { fleet in
            let proxy = try holdDownload(fleet)
            fleet["bea"].kill()
            proxy.release()
            let hidden = FleetFolder(fleet["bea"].folder.path + "/.synchub/private")
            let name = try #require(hidden.names().first { "\($0)".hasPrefix("part-") })
            let part = try #require(hidden.read(name))
            try hidden.write([UInt8](repeating: 7, count: part.count), to: name)
            try fleet["bea"].start()
            try fleet.expectSame(seconds: 90)
        }
    }

    @Test func `a small edit arrives while a large download is held up`() throws {
        try withFleet(proxied: true) { fleet in
            try fleet["ann"].folder.write("before", to: "note")
            try fleet.wait()
            let proxy = fleet["bea"].proxy!  // SAFETY: this fleet is proxied.
            proxy.limit(each: 4 << 20, .down)
            try fleet["ann"].folder.write(noise(size), to: "large")
            try proxy.waitForLimit()
            try fleet["ann"].folder.write("after", to: "note")
            try eventually("the edit is there") { fleet["bea"].folder.text("note") == "after" }
            #expect(!fleet["bea"].folder.exists("large"))
            proxy.release()
            try fleet.expectSame(seconds: 90)
        }
    }

    @Test func `holes do not travel, and stay holes everywhere`() throws {
        try withFleet(proxied: true) { fleet in
            let folder = fleet["ann"].folder
            let size: Int64 = 96 << 20
            try folder.writeSparse("disk", size: size, data: noise(1 << 20), at: 40 << 20)
            try fleet.expectSame(seconds: 90)
            let (up, down) = (fleet["ann"].proxy?.bytes.up ?? 0, fleet["bea"].proxy?.bytes.down ?? 0)
            #expect(up < 4 << 20 && down < 4 << 20, "\(up) bytes went up, \(down) came down")
            let others = [fleet.hub.share, fleet["bea"].folder]
            for place in others { #expect(place.room("disk") < 8 << 20) }
            // The same bytes under another name are copied, and an edit is put together.
            let data = noise(1 << 20)
            try folder.writeSparse("copy", size: size, data: data, at: 40 << 20)
            try fleet.expectSame(seconds: 90)
            try folder.writeSparse("disk", size: size, data: data + data, at: 40 << 20)
            try fleet.expectSame(seconds: 90)
            for place in others { #expect(place.room("copy") < 8 << 20 && place.room("disk") < 8 << 20) }
        }
    }

    @Test func `a hole in a file of some MiB is one on the other machine`() throws {
        try withFleet { fleet in
            try fleet["ann"].folder.writeSparse("image", size: 6 << 20, data: noise(1 << 20), at: 4 << 20)
            try fleet.expectSame()
            #expect(fleet["bea"].folder.room("image") < 3 << 20)
        }
    }

    @Test func `a large file goes over several connections where one is slow, and arrives right`() throws {
        try withFleet(agents: ["ann"], proxied: true) { fleet in
            let proxy = fleet["ann"].proxy!  // SAFETY: this fleet is proxied.
            try fleet.wait()
            proxy.pace(each: 20 << 20)
            let block = noise(1 << 20)
            var bytes: [UInt8] = []
            for number in 0..<128 {
                bytes += block
                bytes[number << 20] = UInt8(number)
            }
            try fleet["ann"].folder.write(bytes, to: "large")
            try fleet.expectSame(seconds: 90)
            #expect(proxy.connections(carrying: 8 << 20) >= 2)
            proxy.pace(each: nil)
            try fleet.stop()
        }
    }
}
