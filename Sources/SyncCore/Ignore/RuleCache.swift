/// The ignore rules of a tree's directories, as their `.syncignore` files were noticed last. `Directory` is what the tree
/// knows its directories by.
package struct RuleCache<Directory: Hashable & Sendable>: Sendable {
    /// This machine's own list; nil where only files count.
    package let machine: IgnoreList?
    /// The lists, of directories that have one: to see whether one has changed.
    package var files: [Directory: IgnoreList] = [:]
    /// Of directories that were asked for; emptied when something changes, and when there are many.
    private var byDirectory: [Directory: DirectoryRules] = [:]

    package init(machine: IgnoreList? = nil) { self.machine = machine }

    /// Enough for the directories that are busy; a tree may have a million.
    private static var most: Int { 4_096 }

    /// The rules of a directory, if they were worked out since something changed.
    package subscript(directory: Directory) -> DirectoryRules? { byDirectory[directory] }

    /// The rules of a directory were worked out.
    package mutating func keep(_ rules: DirectoryRules, of directory: Directory) {
        if byDirectory.count >= Self.most { byDirectory = [:] }
        byDirectory[directory] = rules
    }

    /// A directory came, went, or lies elsewhere now, or a list has changed.
    package mutating func forgetPlaces() { byDirectory = [:] }

    /// A directory's list was read.
    /// - Returns: whether it says something else than before.
    package mutating func notice(_ list: IgnoreList?, in directory: Directory) -> Bool {
        if files[directory] == list { return false }
        files[directory] = list
        forgetPlaces()
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
