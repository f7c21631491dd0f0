/// The rules that hold for the names in one directory: built in, of each `.syncignore` from the top down to here, and of
/// this machine. The deeper file wins over the one above it, this machine's list over all files, and all over what is
/// built in.
package struct DirectoryRules: Sendable {
    private struct Scoped: Sendable {
        var list: IgnoreList
        /// How many names below the top the list's directory is.
        var depth: Int
    }
    /// The directory's path.
    private let path: RelativePath
    /// How many names are above the top, where the top is a part of a larger tree.
    private let above: Int
    /// The weakest first.
    private let lists: [Scoped]
    /// Why the directory itself is ignored, and all in it: nothing is taken in again below an ignored directory.
    package let excluded: IgnoreMatch?

    /// Of the files among the lists, in bytes.
    private let bytes: Int
    /// Whether the directory has a list that does not hold, since those above it have taken all the room.
    package let lacksRoom: Bool
    /// Whether a list that holds here cannot be read: what else may be ignored nobody knows.
    package let isUnread: Bool

    private init(
        path: RelativePath, above: Int, lists: [Scoped], excluded: IgnoreMatch?, bytes: Int, lacksRoom: Bool = false,
        isUnread: Bool
    ) {
        self.path = path
        self.above = above
        self.lists = lists
        self.excluded = excluded
        self.bytes = bytes
        self.lacksRoom = lacksRoom
        self.isUnread = isUnread
    }

    /// The rules of the top.
    /// - Parameters:
    ///   - file: of its `.syncignore`.
    ///   - machine: of this machine only.
    ///   - above: how many names are above it, where it is a part of a larger tree.
    ///   - isUnread: its `.syncignore` cannot be read.
    package static func top(
        file: IgnoreList?, machine: IgnoreList? = nil, above: Int = 0, isUnread: Bool = false
    ) -> DirectoryRules {
        DirectoryRules(
            path: .top, above: above,
            lists: [IgnoreList.builtIn, file, machine].compactMap { $0 }.map { Scoped(list: $0, depth: 0) },
            excluded: nil, bytes: file?.size ?? 0, isUnread: isUnread)
    }

    /// The rules of a directory in this one.
    /// - Parameters:
    ///   - file: of its `.syncignore`.
    ///   - isUnread: that cannot be read. In a directory that is ignored it says nothing anyway.
    package func entering(_ name: Name, file: IgnoreList?, isUnread isOwnUnread: Bool = false) -> DirectoryRules {
        let excluded = match(name, isDirectory: true)
        let isUnread = isUnread || isOwnUnread && excluded == nil
        // Nothing is asked of a path there, which may be of any length.
        if let excluded, excluded.isDepth {
            return DirectoryRules(
                path: path, above: above, lists: [], excluded: excluded, bytes: bytes, isUnread: isUnread)
        }
        let below = path.appending(name)
        guard excluded == nil, let file else {
            return DirectoryRules(
                path: below, above: above, lists: lists, excluded: excluded, bytes: bytes, isUnread: isUnread)
        }
        var lists = lists
        let fits = bytes + file.size <= IgnoreList.totalLimit
        let scoped = Scoped(list: fits ? file : .withoutRoom, depth: below.names.count)
        if lists.last?.list.origin == .machine {
            lists.insert(scoped, at: lists.count - 1)
        } else {
            lists.append(scoped)
        }
        return DirectoryRules(
            path: below, above: above, lists: lists, excluded: nil, bytes: fits ? bytes + file.size : bytes,
            lacksRoom: !fits, isUnread: isUnread)
    }

    /// The rule by which a name in this directory is ignored; nil if it is not.
    package func match(_ name: Name, isDirectory: Bool) -> IgnoreMatch? {
        if let excluded { return excluded }
        // No list takes it in again.
        if isDirectory, !TreeLimits.allowsDirectory(at: above + path.names.count + 1) {
            return IgnoreMatch(rule: [], line: 0, origin: .depth, directory: path)
        }
        // The list is the whole fleet's: a rule such as `.*` does not take it away.
        if name == IgnoreList.fileName, !isDirectory { return nil }
        for scoped in lists.reversed() {
            let rule = scoped.list.lastMatch(
                name, path: { RelativePath(Array(path.names[scoped.depth...]) + [name]).bytes },
                isDirectory: isDirectory)
            guard let rule else { continue }
            if rule.isNegated { return nil }
            return IgnoreMatch(
                rule: rule.text, line: rule.line, origin: scoped.list.origin,
                directory: RelativePath(Array(path.names.prefix(scoped.depth))))
        }
        return nil
    }

    /// Whatever kind of thing has the name, it is ignored.
    package func ignores(_ name: Name) -> Bool {
        match(name, isDirectory: false) != nil && match(name, isDirectory: true) != nil
    }
}

/// The rule by which something is ignored.
package struct IgnoreMatch: Hashable, Sendable {
    /// As it is written.
    package let rule: [UInt8]
    /// In its list, from 1.
    package let line: Int
    /// What list it is in.
    package let origin: IgnoreList.Origin
    /// Where that `.syncignore` is.
    package let directory: RelativePath
}

extension IgnoreMatch: CustomStringConvertible {
    /// Whether it lies deeper than anything may: told of, where a rule that somebody wrote is not.
    package var isDepth: Bool { origin == .depth }

    /// `ignored by rule '*.log' (photos/.syncignore line 3)`
    package var description: String {
        let place =
            switch origin {
            case .builtIn: "built-in"
            case .machine: "agent.json5"
            case .file: "\(directory.appending(IgnoreList.fileName)) line \(line)"
            case .depth: ""
            }
        if isDepth { return TreeLimits.reason }
        return "ignored by rule '\(Escaping.text(rule))' (\(place))"
    }
}
