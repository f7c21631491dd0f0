internal import CLinux
internal import SyncCore

/// Which watch descriptor is which token, and what the records of the kernel say in those words. A million watches cost
/// some 60 MB here. Values only.
struct WatchTable {
    private var tokens: [Int32: Int64] = [:]
    private var watches: [Int64: Int32] = [:]

    var count: Int { tokens.count }

    /// - Returns: the token under which that inode was watched until now, if another.
    mutating func add(_ watch: Int32, token: Int64) -> Int64? {
        let previous = tokens.updateValue(token, forKey: watch)
        if let previous, previous != token { watches[previous] = nil }
        // A token that moves to another inode: events of the old one are nobody's.
        if let old = watches.updateValue(watch, forKey: token), old != watch { tokens[old] = nil }
        return previous == token ? nil : previous
    }

    /// The watch that a token has.
    func watch(of token: Int64) -> Int32? { watches[token] }

    /// - Returns: the watch to remove; none if it is gone already.
    mutating func remove(token: Int64) -> Int32? {
        guard let watch = watches.removeValue(forKey: token) else { return nil }
        tokens[watch] = nil
        return watch
    }

    /// Adds what a read of inotify brought to a batch. A watch that ends is forgotten. Records of unknown watches, which
    /// were queued before their removal, are dropped.
    /// - Parameter sentinels: their watches.
    /// - Returns: which of them were seen.
    mutating func translate(
        _ records: UnsafeRawBufferPointer, into batch: inout WatchBatch, sentinels: [Int32]
    ) -> Set<Int32> {
        var seen: Set<Int32> = []
        var rest = records[...]
        while let record = Record(&rest) {
            if record.mask & UInt32(IN_Q_OVERFLOW) != 0 {
                batch.overflowed = true
            } else if sentinels.contains(record.watch) {
                seen.insert(record.watch)
            } else if let token = tokens[record.watch] {
                if record.mask & UInt32(IN_IGNORED) != 0 { _ = remove(token: token) }
                let event = WatchEvent(
                    token: token, name: record.name, what: WatchEvent.Kinds(mask: record.mask), cookie: record.cookie)
                // A deleted directory says so twice, and only then that the watch has ended, which is when it counts.
                if !event.what.subtracting(.isDirectory).isEmpty, event != batch.events.last {
                    batch.events.append(event)
                }
            }
        }
        return seen
    }
}

/// `struct inotify_event`.
private struct Record {
    let watch: Int32
    let mask: UInt32
    let cookie: UInt32
    let name: Name?

    private static let headerSize = 16

    /// Takes one off the front; nil when nothing is left.
    init?(_ rest: inout Slice<UnsafeRawBufferPointer>) {
        guard rest.count >= Record.headerSize else { return nil }
        let bytes = UnsafeRawBufferPointer(rebasing: rest)
        watch = bytes.loadUnaligned(fromByteOffset: 0, as: Int32.self)
        mask = bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self)
        cookie = bytes.loadUnaligned(fromByteOffset: 8, as: UInt32.self)
        let length = Int(bytes.loadUnaligned(fromByteOffset: 12, as: UInt32.self))
        let padded = bytes[Record.headerSize..<min(bytes.count, Record.headerSize + length)]
        name = length == 0 ? nil : try? Name(Array(padded.prefix { $0 != 0 }))
        rest = rest.dropFirst(Record.headerSize + length)
    }
}
