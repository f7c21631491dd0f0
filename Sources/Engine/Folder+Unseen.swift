internal import Index
internal import SyncCore

// What vanishes while a list of rules cannot be read may have been renamed to where nothing is taken in, and below that not every
// directory is watched. So the disk is asked before anything counts as deleted.
extension Folder {
    /// What has vanished and, as far as can be known, was deleted. The rest keeps its row, and is the same again when it turns up.
    func deleted() throws -> [LocalRow] {
        let vanished = try index.vanished()
        if unread.isEmpty || vanished.isEmpty { return vanished }
        let asked = try vanished.filter { try !isUnruled($0.parent) }
        guard !asked.isEmpty, walked < mostWalked, let unseen = try belowUnread() else { return [] }
        return try asked.filter { row in
            try !index.contains(in: row) {
                try unseen.contains(InodeKey($0.stamp).hashValue) || isBoundForUnruled($0)
            }
        }
    }

    /// The lists are tried again: the disk may be asked again, too.
    func mayWalkAgain() { walked = max(walked - mostWalked, 0) }

    /// Everything that lies below lists that cannot be read, by hash: that is eight bytes each, also where there are a million, and two
    /// that share one only keep something waiting. Nil where a part cannot be listed: anything may lie there.
    // RACE: what is renamed from one of these directories to another while they are walked may be missed. Then it is told as deleted,
    // and is new when the list can be read.
    private func belowUnread() throws -> Set<Int>? {
        var found: Set<Int> = []
        for directory in unread.keys.sorted() {
            if directory != .root, let row = try index.local(directory), try isUnruled(row.parent) { continue }
            // Where it lies itself, or that it is gone, is seen as of anything else.
            guard let top = try index.path(of: directory) else { continue }
            var queue = [top]
            while let next = queue.popLast() {
                guard let entries = try listing(next) else { return nil }
                walked += entries.count + 1
                for (name, status) in entries where !(next.isTop && name.bytes == Name.reservedPrefix) {
                    found.insert(InodeKey(status.stamp).hashValue)
                    if status.kind == .node(.directory) { queue.append(next.appending(name)) }
                }
            }
        }
        return found
    }

    private func listing(_ directory: RelativePath) throws -> [(name: Name, status: DiskStatus)]? {
        do { return try tree.list(directory) } catch is DiskProblem { return nil }
    }

    /// It was on its way to such a directory, maybe, when the process died.
    private func isBoundForUnruled(_ row: LocalRow) throws -> Bool {
        guard let node = row.node, let remote = try index.remote(node), !remote.isDeleted else { return false }
        return try isUnruled(node: remote.location.parent)
    }
}

/// So many entries are looked at, about, between two tries to read the lists: a large tree is not walked again and again.
private let mostWalked = 50_000

/// What the file system knows a file or directory by. Inodes are used again: when it was made tells, where the file system does.
struct InodeKey: Hashable {
    private let device: UInt64
    private let inode: UInt64
    private let born: Nanoseconds

    init(_ stamp: Stamp) { (device, inode, born) = (stamp.device, stamp.inode, stamp.born) }
}
