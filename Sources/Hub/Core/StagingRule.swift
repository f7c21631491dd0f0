/// How much may lie in a client's staging directory. Pure.
enum StagingRule {
    /// Whether the hub may copy something large there, for the client to fetch: half of what is free stays for the uploads and
    /// commits of all others, however often one asks.
    /// - Parameter free: on the disk, in bytes.
    static func allowsCopy(of bytes: Int64, free: Int64) -> Bool { bytes <= free / 2 }

    /// Whether a disk has so little room that small commits may not fit: 64 MiB, or a 64th of a small one.
    /// - Parameters: in bytes.
    static func isFull(free: Int64, total: Int64) -> Bool { free < min(64 << 20, total / 64) }

    /// Whose staging goes when another needs room on a full disk; nil if nobody has as much of it as that would be worth: a 16th of the
    /// disk, or 256 MiB.
    /// - Parameters:
    ///   - staged: by client, in bytes.
    ///   - client: who needs room.
    ///   - total: of the disk, in bytes.
    static func largest(of staged: [String: Int64], except client: String, total: Int64) -> String? {
        let own = staged[client] ?? 0
        let others = staged.filter { $0.key != client && $0.value >= min(256 << 20, total / 16) && $0.value > own }
        return others.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key
    }
}
