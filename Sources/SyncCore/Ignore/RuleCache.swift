/// The ignore rules of a tree's directories, as their `.syncignore` files were noticed last. `Directory` is what the tree
/// knows its directories by.
package struct RuleCache<Directory: Hashable & Sendable>: Sendable {
    /// This machine's own list; nil where only files count.
    package let machine: IgnoreList?
    /// What a directory's list says, in short.
    private struct Seen: Sendable {
        /// To see whether it has changed.
        var hash: Int
        var excess: String?
    }
    /// Of directories that have a list.
    private var seen: [Directory: Seen] = [:]
    /// The lists themselves, as many as there is room for: another one is read again when it is asked for.
    package private(set) var lists: [Directory: IgnoreList] = [:]
    /// Of ``lists``, about.
    private var bytes = 0
    /// Directories that have a list for which those above it have left no room.
    private var withoutRoom: Set<Directory> = []
    /// Of directories that were asked for; emptied when something changes, and when there are many.
    private var byDirectory: [Directory: DirectoryRules] = [:]

    package init(machine: IgnoreList? = nil) { self.machine = machine }

    /// Enough for the directories that are busy; a tree may have a million.
    private static var most: Int { 4_096 }
    /// In bytes: whoever may write lists fills no memory with them.
    private static var room: Int { IgnoreList.totalLimit }
    /// What a list takes that says nothing.
    private static var least: Int { 256 }

    /// Whether no directory has a list.
    package var isEmpty: Bool { seen.isEmpty }

    /// Whether a directory had a list when that was looked at last.
    package func hasList(in directory: Directory) -> Bool { seen[directory] != nil }

    /// The directories whose list says more than holds, with what does not.
    package var excesses: [(directory: Directory, reason: String)] {
        let own = seen.compactMap { directory, list in list.excess.map { (directory, $0) } }
        let reason = IgnoreList.withoutRoom.excess ?? ""
        return own + withoutRoom.filter { seen[$0].map { $0.excess == nil } ?? false }.map { ($0, reason) }
    }

    /// The rules of a directory, if they were worked out since something changed.
    package subscript(directory: Directory) -> DirectoryRules? { byDirectory[directory] }

    /// The rules of a directory were worked out.
    package mutating func keep(_ rules: DirectoryRules, of directory: Directory) {
        if byDirectory.count >= Self.most { byDirectory = [:] }
        byDirectory[directory] = rules
        if rules.lacksRoom { withoutRoom.insert(directory) } else { withoutRoom.remove(directory) }
    }

    /// A directory came, went, or lies elsewhere now, or a list has changed.
    package mutating func forgetPlaces() { byDirectory = [:] }

    /// A directory's list was read.
    /// - Returns: whether it says something else than before.
    package mutating func notice(_ list: IgnoreList?, in directory: Directory) -> Bool {
        guard keep(list, in: directory) else { return false }
        forgetPlaces()
        return true
    }

    /// The same for a directory of which nothing was worked out yet.
    @discardableResult
    package mutating func keep(_ list: IgnoreList?, in directory: Directory) -> Bool {
        if let old = lists.removeValue(forKey: directory) { bytes -= old.size + Self.least }
        if let list {
            // What was worked out holds on to lists, too.
            if bytes + list.size + Self.least > Self.room { (lists, bytes, byDirectory) = ([:], 0, [:]) }
            lists[directory] = list
            bytes += list.size + Self.least
        } else {
            withoutRoom.remove(directory)
        }
        let now = list.map { Seen(hash: $0.hashValue, excess: $0.excess) }
        if seen[directory]?.hash == now?.hash { return false }
        seen[directory] = now
        return true
    }

    /// The rule by which a path is ignored, whether there is anything or not; nil if none is.
    /// - Parameters:
    ///   - child: what is known under a name in a directory; nil for nothing.
    ///   - rules: of a directory that is known.
    package static func match(
        at path: RelativePath, isDirectory: Bool, from top: Directory,
        child: (Directory, Name) throws -> Directory?, rules: (Directory) throws -> DirectoryRules
    ) throws -> IgnoreMatch? {
        var current = try rules(top)
        var directory: Directory? = top
        for (depth, name) in path.names.enumerated() {
            let isLast = depth == path.names.count - 1
            if let match = current.match(name, isDirectory: isDirectory || !isLast) { return match }
            if isLast { return nil }
            directory = try directory.flatMap { try child($0, name) }
            current = try directory.map { try rules($0) } ?? current.entering(name, file: nil)
        }
        return nil
    }
}
