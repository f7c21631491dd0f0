internal import Engine
internal import FileTree
internal import SyncCore

// What a crash, or somebody who was faster, left in the private area.
extension DiskTree {
    /// Names of what is being fetched: nobody's bytes yet.
    private static let fetchPrefix = "get-"

    /// A new one.
    static func fetchName() -> Name {
        // SAFETY: hexadecimal digits with a prefix are a name.
        try! Name(Array(fetchPrefix.utf8) + PrivateArea.randomName().bytes)
    }

    /// What is being fetched of a large content: it is gone on with.
    static func partName(of digest: Digest) -> Name {
        // SAFETY: hexadecimal digits with a prefix are a name.
        try! Name(Array(partPrefix.utf8) + Array(digest.hex.utf8))
    }
    private static let partPrefix = "part-"

    /// What lies there of large contents that were begun.
    func parts() -> [(item: PrivateItem, digest: Digest)] {
        let items = (try? area.items()) ?? []
        return items.compactMap { item in
            isStray(item.name) ? nil : Self.digest(in: item.name, after: Self.partPrefix).map { (item, $0) }
        }
    }

    /// What has come whole of a large content, and waits for its place: nobody goes on with it, until a start looks at it again.
    private static let wholePrefix = "whole-"

    /// Gives a part that is whole and verified a name under which nobody writes to it.
    static func setAside(_ item: PrivateItem, _ digest: Digest) throws(FileTreeError) -> PrivateItem {
        // SAFETY: hexadecimal digits with a prefix are a name.
        let name = try! Name(Array(wholePrefix.utf8) + Array(digest.hex.utf8))
        do throws(FileTreeError) { return try item.move(to: item.area, as: name) } catch {
            // Another node waits for the same bytes.
            guard error.reason == .occupied else { throw error }
            return try item.move(to: item.area, as: fetchName())
        }
    }

    private static func digest(in name: Name, after prefix: String) -> Digest? {
        let text = name.description
        return text.hasPrefix(prefix) ? Digest(hex: String(text.dropFirst(prefix.count))) : nil
    }

    /// Looks through the private area at a start. Between a swap and the look at what came out (DESIGN §4.2) a crash leaves there what
    /// had the name, and that may be bytes that nobody else has: they get a name in the folder. What the hub has is removed.
    /// Nothing that lies there keeps an agent from starting.
    /// - Parameter isKnown: whether the hub has these bytes, or a symlink with this target; nil if that cannot be told yet.
    /// - Returns: what stays where it is until ``recover(_:isKnown:)``.
    func recover(isKnown: (Content) throws -> Bool?) throws -> [PrivateItem] {
        try asking({ () throws(FileTreeError) in try area.items() }).filter { item in
            // Whether anybody wants to go on with it is seen later.
            if Self.digest(in: item.name, after: Self.partPrefix) != nil { return false }
            if let digest = Self.digest(in: item.name, after: Self.wholePrefix) {
                do throws(FileTreeError) { _ = try item.move(to: area, as: Self.partName(of: digest)) } catch {
                    remove(item)
                }
                return false
            }
            if isFetched(item) {
                remove(item)
                return false
            }
            // What cannot be read (it is another user's, or the disk fails) gets a name unread.
            let content = try? content(of: item)
            guard let isKnown = try content.map(isKnown) ?? false else { return true }
            recover(item, isKnown: isKnown)
            return false
        }
    }

    /// What the hub has is removed; anything else gets a name in the folder, as soon as the disk lets it have one.
    func recover(_ item: PrivateItem, isKnown: Bool) {
        if isKnown { return remove(item) }
        log.warning("recovered", ["what": item.name, "from": "a change that a crash interrupted"])
        // What fails is told, and tried again.
        try? keep(item, beside: RelativePath([try! Name("recovered")]))  // SAFETY: a constant that is a name.
    }

    /// What cannot be removed is found again at the next start.
    private func remove(_ item: PrivateItem) {
        do { try item.remove() } catch { log.warning("left_in_private", ["what": item.name, "reason": "\(error)"]) }
    }

    private func isFetched(_ item: PrivateItem) -> Bool { Self.begins(item.name, with: Self.fetchPrefix) }

    /// Whether what has this name came from the hub, whole or not: it may be removed, and a part is written to.
    func isNobodys(_ name: Name) -> Bool {
        [Self.fetchPrefix, Self.partPrefix, Self.wholePrefix].contains { Self.begins(name, with: $0) }
    }

    private static func begins(_ name: Name, with prefix: String) -> Bool {
        name.bytes.starts(with: Array(prefix.utf8))
    }

    /// Reads all of it.
    func content(of item: PrivateItem) throws -> Content {
        let status = item.status
        return try asking { () throws(FileTreeError) in
            switch status.kind {
            case .file:
                .file(
                    FileContent(
                        digest: try item.digest(), size: status.size, mode: status.mode, mtime: status.mtime))
            case .symlink: .symlink(target: try item.readLink(), mtime: status.mtime)
            case .directory, .other: .directory(status.mode)
            }
        }
    }

    // MARK: - Strays

    /// What came out of the folder and could not go back to its name, nor get one beside it: the disk did not let it.
    struct Stray: Sendable {
        var item: PrivateItem
        /// Where it came out.
        var path: RelativePath
    }

    /// Somebody changed a file twice while it was being replaced, or the disk refused to put it back: it goes beside its name.
    /// What cannot go there now is remembered for ``keepStrays()``.
    /// - Throws: ``DiskProblem``: why it waits.
    func keep(_ item: PrivateItem, beside path: RelativePath) throws {
        do { try giveName(item, beside: path) } catch {
            log.warning("stray_waits", ["what": item.name, "beside": path, "reason": "\(error)"])
            strays.withLock { strays in
                if !strays.contains(where: { $0.item.name == item.name }) {
                    strays.append(Stray(item: item, path: path))
                }
            }
            throw error
        }
    }

    /// Tries again to give names to what could not get one.
    /// - Returns: why there still is something, for a person; nil if there is nothing.
    func keepStrays() -> DiskProblem? {
        var problem: DiskProblem?
        for stray in strays.withLock({ $0 }) {
            do { try giveName(stray.item, beside: stray.path) } catch {
                let reason = error as? DiskProblem ?? DiskProblem(.other, "\(error)")
                problem = DiskProblem(
                    reason.cause, "what was changed at '\(stray.path)' waits here for a name in the folder: \(reason)")
                continue
            }
            strays.withLock { $0.removeAll { $0.item.name == stray.item.name } }
        }
        return problem
    }

    /// Whether what has this name in the private area came out of the folder.
    func isStray(_ name: Name) -> Bool { strays.withLock { $0.contains { $0.item.name == name } } }

    private func isGone(_ item: PrivateItem) -> Bool {
        do throws(FileTreeError) { return try item.area.item(named: item.name) == nil } catch { return false }
    }

    private func giveName(_ item: PrivateItem, beside path: RelativePath) throws {
        guard let name = path.last else { return }
        var directory = path.parent
        var attempt = 1
        while true {
            let free = ConflictName.make(from: name, keepsExtension: true, date: date, client: "kept", attempt: attempt)
            do throws(FileTreeError) {
                if case .placed = try root.placeNew(item, at: directory.appending(free)) { return }
                attempt += 1
            } catch {
                // Its directory is gone too.
                guard error.meansAbsence, !directory.isTop else {
                    // Somebody has taken it away.
                    if error.reason == .notFound, isGone(item) { return }
                    throw DiskProblem(error)
                }
                directory = directory.parent
            }
        }
    }
}
