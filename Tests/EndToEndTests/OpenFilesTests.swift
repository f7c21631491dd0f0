import Glibc
import TestSupport
import Testing

/// What a program has open does not grow with what there is to do.
@Suite(.fleet)
struct OpenFilesTests {
    private func count(_ program: FleetProgram?) -> Int {
        guard let program, let directory = opendir("/proc/\(program.child.pid)/fd") else { return 0 }
        defer { closedir(directory) }
        var count = 0
        while readdir(directory) != nil { count += 1 }
        return count
    }

    @Test func `few files are open at a time, however many travel in both directions`() throws {
        try withFleet { fleet in
            try fleet.wait()
            for name in ["ann", "bea"] { try fleet[name].stop() }
            for name in ["ann", "bea"] {
                for number in 0..<2_000 {
                    let directory = "\(name)/\(number % 20)"
                    if number < 20 { try fleet[name].folder.makeDirectories(FleetPath(directory)) }
                    try fleet[name].folder.write("\(name) \(number)", to: FleetPath("\(directory)/\(number)"))
                }
                for number in 0..<3 {
                    try fleet[name].folder.write(
                        noise(9 << 20, seed: UInt64(number + 7)), to: FleetPath("\(name)/large \(number)"))
                }
            }
            for name in ["ann", "bea"] { try fleet[name].start() }
            var most: [String: Int] = [:]
            var looks = 0
            try eventually("everything is everywhere", within: .seconds(120)) {
                for (name, program) in [
                    "hub": fleet.hub.program, "ann": fleet["ann"].program, "bea": fleet["bea"].program,
                ] {
                    most[name] = max(most[name] ?? 0, count(program))
                }
                looks += 1
                guard looks % 40 == 0 else { return false }
                return fleet["ann"].folder.exists("bea/19/1999") && fleet["bea"].folder.exists("ann/19/1999")
                    && fleet["ann"].folder.exists("bea/large 2") && fleet["bea"].folder.exists("ann/large 2")
            }
            try fleet.expectSame(seconds: 90)
            #expect(most.count == 3)
            // The bound that Transfers.md tells.
            for (name, count) in most { #expect((5..<200).contains(count), "\(name) had \(count) open") }
            try fleet.stop()
        }
    }
}
