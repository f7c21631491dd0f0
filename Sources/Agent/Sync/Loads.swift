internal import Engine
internal import SyncCore

/// What is fetched in one go, and placed in one step. A pure decision.
enum Load: Hashable, Sendable {
    /// Small files, which the hub lays out and which are read as one.
    case pack([Fetch])
    /// Files to be read from the share one by one.
    case files([Fetch])

    /// How much a load may be.
    struct Limits: Sendable {
        /// Larger files do not go into packs, in bytes.
        var packed: Int64 = 1 << 20
        /// All files of a pack together, in bytes: it is held in memory.
        var pack: Int64 = 16 << 20
        /// All files of a load that are read one by one, in bytes, unless it is one alone: a large one does not make those
        /// before it wait.
        var files: Int64 = 64 << 20
        /// In files: while they are placed nothing else happens in the folder, and the next ones come.
        var count = 1_024
    }

    /// Packs come first, since what is small is soon there; among each kind the order stays.
    static func divide(_ fetches: [Fetch], _ limits: Limits = Limits()) -> [Load] {
        let fetches = gathered(fetches)
        let small = group(fetches.filter { $0.file.size <= limits.packed }, limits.pack, limits.count)
        let large = group(fetches.filter { $0.file.size > limits.packed }, limits.files, limits.count)
        // One file costs less without the hub's help.
        return small.map { $0.count == 1 ? .files($0) : .pack($0) } + large.map(Load.files)
    }

    /// Those of the same bytes one after the other, where the first of them is: they come once.
    private static func gathered(_ fetches: [Fetch]) -> [Fetch] {
        var places: [Digest: Int] = [:]
        var groups: [[Fetch]] = []
        for fetch in fetches {
            if let place = places[fetch.file.digest] {
                groups[place].append(fetch)
            } else {
                places[fetch.file.digest] = groups.count
                groups.append([fetch])
            }
        }
        return groups.count == fetches.count ? fetches : groups.flatMap { $0 }
    }

    private static func group(_ fetches: [Fetch], _ bytes: Int64, _ count: Int) -> [[Fetch]] {
        var groups: [[Fetch]] = []
        var size: Int64 = 0
        for fetch in fetches {
            let isCopy = groups.last?.last?.file.digest == fetch.file.digest
            let more = isCopy ? 0 : fetch.file.size
            if let last = groups.indices.last, groups[last].count < count, size + more <= bytes || isCopy {
                groups[last].append(fetch)
                size += more
            } else {
                groups.append([fetch])
                size = fetch.file.size
            }
        }
        return groups
    }
}
