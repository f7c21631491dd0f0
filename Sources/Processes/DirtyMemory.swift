/// What Linux has still to write to disks: who makes a whole file system durable waits for all of it.
package enum DirtyMemory {
    /// From so many bytes on, others write so much that waiting for them is worth avoiding.
    package static let busy: Int64 = 8 << 20

    /// Of all disks; 0 where it cannot be told.
    package static var bytes: Int64 {
        procFile("/proc/meminfo").map { bytes(in: String(decoding: $0, as: UTF8.self)) } ?? 0
    }

    /// - Parameter text: as `/proc/meminfo` has it.
    package static func bytes(in text: String) -> Int64 {
        text.split(separator: "\n").reduce(0) { sum, line in
            let parts = line.split(separator: " ")
            guard parts.count == 3, ["Dirty:", "Writeback:"].contains(parts[0]), parts[2] == "kB",
                let number = Int64(parts[1])
            else { return sum }
            return sum + number << 10
        }
    }
}
