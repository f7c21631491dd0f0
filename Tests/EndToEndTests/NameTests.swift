import Glibc
import TestSupport
import Testing

/// Names at the ends of what a file system takes.
@Suite(.fleet)
struct NameTests {
    private static func long(_ last: String) -> FleetPath {
        FleetPath(Array((String(repeating: "n", count: 255 - last.utf8.count) + last).utf8))
    }

    /// A tree whose leaf is too deep for any call that takes a whole path: made in two parts, one moved into the other.
    private func makeDeep(in folder: FleetFolder) throws -> (upper: FleetPath, lower: FleetPath) {
        func deep(_ letter: String) -> FleetPath {
            FleetPath(Array(repeating: String(repeating: letter, count: 200), count: 12).joined(separator: "/"))
        }
        let (upper, lower) = (deep("u"), deep("l"))
        try folder.makeDirectories(upper)
        try folder.write("deeper than a path can be", to: lower.appending("file"))
        try folder.write(noise(3 << 20), to: lower.appending("large"))
        let top = FleetPath(String(repeating: "l", count: 200))
        try folder.rename(top, to: upper.appending(top))
        return (upper, lower)
    }

    /// What lies at the end, through a handle in the middle.
    private func read(_ folder: FleetFolder, _ upper: FleetPath, _ name: FleetPath) -> [UInt8]? {
        let descriptor = open(folder.bytes(upper), O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        return FleetFolder("/proc/self/fd/\(descriptor)").read(name)
    }

    @Test func `what lies deeper than SFTP can say arrives, is edited and goes`() throws {
        try withFleet { fleet in
            let (ann, bea) = (fleet["ann"].folder, fleet["bea"].folder)
            let (upper, lower) = try makeDeep(in: ann)
            try fleet.wait()
            let text = lower.appending("file")
            #expect(read(bea, upper, text) == Array("deeper than a path can be".utf8))
            #expect(read(bea, upper, lower.appending("large")) == noise(3 << 20))
            // Its copies for the way are not left lying.
            #expect(fleet.hub.staged(by: "bea") == [])
            let descriptor = open(bea.bytes(upper), O_RDONLY | O_CLOEXEC)
            defer { close(descriptor) }
            try FleetFolder("/proc/self/fd/\(descriptor)").write("and edited there", to: text)
            try fleet.wait()
            #expect(read(ann, upper, text) == Array("and edited there".utf8))
            // Out of the depth again: one rename, and paths that everybody can say.
            let top = FleetPath(String(repeating: "l", count: 200))
            try ann.rename(upper.appending(top), to: top)
            try fleet.expectSame()
            #expect(bea.text(text) == "and edited there")
            #expect(try fleet.hub.unsynced().isEmpty)
            try fleet.stop()
        }
    }

    @Test func `conflict copies of long names with one beginning do not collide`() throws {
        try withFleet { fleet in
            let names = [NameTests.long("x"), NameTests.long("y")]
            for name in names { try fleet["ann"].folder.write("first", to: name) }
            try fleet.expectSame()
            try fleet.hub.ctl("pause", "--all").expectDone()
            for name in names {
                try fleet["ann"].folder.write("ann's", to: name)
                try fleet["bea"].folder.write("bea's", to: name)
            }
            try fleet.hub.ctl("resume", "--all").expectDone()
            try fleet.expectSame()
            let folder = fleet["ann"].folder
            #expect(folder.names().count == 4)
            #expect(folder.names().allSatisfy { $0.bytes.count <= 255 })
            #expect(folder.names().compactMap { folder.text($0) }.sorted() == ["ann's", "ann's", "bea's", "bea's"])
            #expect(try fleet.hub.conflicts().count == 2)
        }
    }
}
