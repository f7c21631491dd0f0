import Glibc
import Processes

/// A file system of its own (xfs, in a file) on which copies share their blocks. Wants root and mkfs.xfs.
package final class SharingDisk: Sendable {
    /// Where it is mounted.
    package let path: String
    private let directory = TemporaryDirectory()

    /// Whether there can be one here.
    package static let isPossible = geteuid() == 0 && (try? SharingDisk()) != nil

    package init() throws {
        let image = directory.path("image")
        path = directory.makeDirectory("disk")
        // Nothing smaller becomes an xfs.
        try SharingDisk.do("truncate", "-s", "400M", image)
        try SharingDisk.do("mkfs.xfs", "-q", image)
        try SharingDisk.do("mount", "-o", "loop", image, path)
    }

    private static func `do`(_ name: String, _ arguments: String...) throws {
        guard let program = findExecutable(name) else { throw FleetProgram.Failure("there is no \(name)") }
        let done = try run(program, arguments)
        guard done.status.isSuccess else { throw FleetProgram.Failure("\(name): \(done.errorText)") }
    }

    deinit { _ = try? run("/bin/umount", ["-l", path]) }
}
