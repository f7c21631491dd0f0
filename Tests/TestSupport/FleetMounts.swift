import Processes

/// What a test has mounted; wants root.
package final class FleetMounts {
    private var places: [String] = []

    package init() {}

    /// A directory appears at a second place, as a disk does.
    package func bind(_ directory: String, on place: String) throws { try mount(["--bind", directory, place], place) }

    /// An empty disk covers what is there.
    package func tmpfs(on place: String, megabytes: Int = 4) throws {
        try mount(["-t", "tmpfs", "-o", "size=\(megabytes)m,mode=755", "tmpfs", place], place)
    }

    private func mount(_ arguments: [String], _ place: String) throws {
        let done = try run("/bin/mount", arguments)
        guard done.status.isSuccess else { throw FleetProgram.Failure("mount: \(done.errorText)") }
        places.append(place)
    }

    /// The newest that is mounted there goes, even if somebody uses it.
    package func unmount(_ place: String) throws {
        let done = try run("/bin/umount", ["-l", place])
        guard done.status.isSuccess else { throw FleetProgram.Failure("umount: \(done.errorText)") }
        if let last = places.lastIndex(of: place) { places.remove(at: last) }
    }

    package func unmountAll() {
        for place in places.reversed() { _ = try? run("/bin/umount", ["-l", place]) }
        places = []
    }
}
