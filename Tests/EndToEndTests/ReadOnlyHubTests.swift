import ControlAPI
import Glibc
import Processes
import TestSupport
import Testing

/// The hub's disk turns read-only while it runs, as Linux makes it when a file system has errors. Wants root, and a kernel that
/// lets ext4 be told of an error.
@Suite(.fleet, .enabled(if: Disk.isPossible, "an ext4 image cannot be mounted here, or not be made to fail"))
struct ReadOnlyHubTests {
    @Test func `a hub whose disk turns read-only says so, still gives what it has, and goes on when it is repaired`()
        throws
    {
        let disk = try Disk()
        defer { disk.remove() }
        try withFleet(preparing: disk.mount) { fleet in
            let (ann, bea) = (fleet["ann"], fleet["bea"])
            try ann.folder.write("one", to: "d/one")
            try fleet.expectSame()
            try bea.stop()
            try ann.folder.write("two", to: "two")
            try fleet.wait(on: ["ann"])
            try disk.fail()
            try ann.folder.write("three", to: "three")
            try ann.folder.makeDirectories("new")
            try ann.folder.remove("d/one")
            // Everything that waits says why, and the hub does, too. What needs no new bytes the journal may have taken in the
            // instant of the failure: not acknowledged, but told by the feed. In the end all of it has to be everywhere.
            var waiting: [UnsyncedMessage] = []
            try eventually("all reasons are told, but \(waiting)", within: .seconds(60)) {
                waiting = try fleet.hub.unsynced().filter { $0.client == "ann" }
                return waiting.last?.path == "three"
                    && Set(waiting.map(\.path)).isSubset(of: ["d/one", "new", "three"])
                    && waiting.allSatisfy { $0.reason.hasPrefix("the hub's disk is read-only") }
            }
            #expect(try fleet.hub.status().hub.blocked?.contains("the hub's disk is read-only") == true)
            #expect(try fleet.hub.ctl("why", "three").expectDone().output.contains("the hub's disk is read-only"))
            // Who only receives goes on, a restart included.
            try bea.start()
            try eventually("what the share has comes", within: .seconds(30)) { bea.folder.text("two") == "two" }
            #expect(bea.folder.text("d/one") == "one")
            let refused = try fleet.hub.ctl("pause", "bea")
            #expect(refused.code == 1 && refused.errors.contains("the hub's disk is read-only"))
            try fleet.hub.stop()
            let start = try FleetAnswer("synchub", ["run", "--root", fleet.hub.root])
            #expect(start.code == 1 && start.errors.contains("read-only"))
            try disk.repair()
            try fleet.hub.start()
            try fleet.expectSame(seconds: 90)
            #expect(bea.folder.names() == ["d", "new", "three", "two"] && bea.folder.names(in: "d").isEmpty)
            #expect(try fleet.hub.status().hub.blocked == nil)
            try fleet.stop()
        }
    }
}

/// An ext4 file system in a file, which can be told that it has an error.
private final class Disk {
    private let directory = TemporaryDirectory()
    private var image: String
    /// Where it is mounted.
    private var path = ""

    static let isPossible: Bool = {
        guard geteuid() == 0, findExecutable("mkfs.ext4") != nil, let disk = try? Disk() else { return false }
        defer { disk.remove() }
        guard (try? disk.mount(on: disk.directory.makeDirectory("disk"))) != nil else { return false }
        return (try? disk.trigger()).map { access($0, W_OK) == 0 } ?? false
    }()

    init() throws {
        image = directory.path("image")
        try Disk.do("truncate", "-s", "96M", image)
        try Disk.do("mkfs.ext4", "-q", "-F", image)
    }

    private static func `do`(_ name: String, _ arguments: String..., allowing: Set<Int32> = [0]) throws {
        guard let program = findExecutable(name) else { throw FleetProgram.Failure("there is no \(name)") }
        let done = try run(program, arguments)
        guard case .exited(let code) = done.status, allowing.contains(code) else {
            throw FleetProgram.Failure("\(name): \(done.errorText)")
        }
    }

    func mount(on path: String) throws {
        try Disk.do("mount", "-o", "loop,errors=remount-ro", image, path)
        self.path = path
    }

    private func trigger() throws -> String {
        let source = try run(findExecutable("findmnt") ?? "", ["-no", "SOURCE", path]).outputText
        let name = source.split(separator: "/").last?.split(separator: "\n").first ?? ""
        return "/sys/fs/ext4/\(name)/trigger_fs_error"
    }

    /// From now on nothing can be written.
    func fail() throws {
        let file = open(try trigger(), O_WRONLY | O_CLOEXEC)
        defer { close(file) }
        guard write(file, "1", 1) == 1 else { throw FleetProgram.Failure("ext4 was not told of an error") }
    }

    /// A copy of it is repaired and stands where it stood. Sessions of other tests have the old one in mount namespaces of their
    /// own, and as long as one has, another mount of it would be the old one.
    func repair() throws {
        try Disk.do("umount", "-l", path)
        let copy = image + "-repaired"
        try Disk.do("cp", "--sparse=always", image, copy)
        image = copy
        // 1: what was wrong is mended.
        try Disk.do("fsck.ext4", "-fy", image, allowing: [0, 1])
        try mount(on: path)
    }

    func remove() { if !path.isEmpty { try? Disk.do("umount", "-l", path) } }
}
