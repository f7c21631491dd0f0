import SyncCore

/// What a device has done under one name, from what its sessions tell.
struct Traces: OptionSet, Hashable, Sendable {
    let rawValue: UInt8

    /// Opened a file for writing, or changed its size.
    static let wrote = Traces(rawValue: 1)
    /// A directory, a symlink, or a second name of a file.
    static let made = Traces(rawValue: 2)
    /// Mode, times or owner.
    static let dressed = Traces(rawValue: 4)
    /// Renamed something to this name.
    static let came = Traces(rawValue: 8)
    /// Renamed it away.
    static let left = Traces(rawValue: 16)
    static let removed = Traces(rawValue: 32)

    /// After any of these something else lies there.
    static let bytes: Traces = [.wrote, .made, .came]
    /// After any of these nothing does.
    static let gone: Traces = [.left, .removed]
}

/// What devices have done under some names since these were last taken in.
struct TraceMap: Sendable {
    /// Under one name. A device without traces has done something that was looked at, and that does not count yet.
    struct Entry: Hashable, Sendable {
        var devices: [String: Traces] = [:]
        /// The number of the last thing that was done.
        var last: Int64 = 0

        mutating func add(_ traces: Traces, by device: String) { devices[device, default: []].formUnion(traces) }

        /// Without devices of which nothing is left.
        func keeping(_ some: (Traces) -> Traces) -> Entry {
            Entry(devices: devices.mapValues(some).filter { !$0.value.isEmpty }, last: last)
        }

        mutating func formUnion(_ other: Entry) {
            for (device, traces) in other.devices { add(traces, by: device) }
            last = max(last, other.last)
        }
    }

    private(set) var entries: [RelativePath: Entry] = [:]
    /// How many of them lie below a path.
    private var below: [RelativePath: Int] = [:]

    var count: Int { entries.count }
    subscript(path: RelativePath) -> Entry? { entries[path] }

    mutating func add(_ traces: Traces, by device: String, at path: RelativePath, _ number: Int64) {
        var entry = Entry(last: number)
        entry.add(traces, by: device)
        add(entry, at: path)
    }

    mutating func remove(_ path: RelativePath) {
        guard entries.removeValue(forKey: path) != nil else { return }
        for directory in path.above {
            let count = below[directory, default: 0] - 1
            below[directory] = count > 0 ? count : nil
        }
    }

    /// These are known no more; a device that has no others neither.
    mutating func take(_ traces: Traces, at path: RelativePath) {
        guard var entry = entries[path] else { return }
        for (device, all) in entry.devices where !all.isDisjoint(with: traces) {
            let rest = all.subtracting(traces)
            entry.devices[device] = rest.isEmpty ? nil : rest
        }
        replace(path, by: entry)
    }

    /// Who has done something there is known, and nothing of it counts.
    mutating func fade(_ path: RelativePath) {
        guard var entry = entries[path] else { return }
        entry.devices = entry.devices.mapValues { _ in [] }
        entries[path] = entry
    }

    /// What was done to something that is called otherwise now, and to what is below it, goes along. That something went from an old
    /// name stays there.
    mutating func move(_ from: RelativePath, _ to: RelativePath) {
        if from == to { return }
        let isAbove = below[from] != nil && !from.contains(to)
        for path in isAbove ? entries.keys.filter(from.contains) : [from] {
            guard let entry = entries[path] else { continue }
            replace(path, by: entry.keeping { $0.intersection(.gone) })
            // What is gone from a directory may be missed under either name.
            let moves = path == from ? entry.keeping { $0.subtracting(.gone) } : entry
            let faded = entry.devices.filter { $0.value.isEmpty }
            add(Entry(devices: moves.devices.merging(faded) { $1 }, last: entry.last), at: path.moved(from, to))
        }
    }

    private mutating func replace(_ path: RelativePath, by entry: Entry) {
        if entry.devices.isEmpty { remove(path) } else { entries[path] = entry }
    }

    private mutating func add(_ entry: Entry, at path: RelativePath) {
        if entry.devices.isEmpty { return }
        if entries[path] == nil { for directory in path.above { below[directory, default: 0] += 1 } }
        entries[path, default: Entry()].formUnion(entry)
    }
}

extension RelativePath {
    /// The directories that this is in, without the top.
    var above: [RelativePath] {
        var found: [RelativePath] = []
        var directory = parent
        while !directory.isTop {
            found.append(directory)
            directory = directory.parent
        }
        return found
    }
}
