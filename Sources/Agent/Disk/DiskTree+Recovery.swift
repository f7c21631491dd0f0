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
        return items.compactMap { item in Self.partDigest(item.name).map { (item, $0) } }
    }

    private static func partDigest(_ name: Name) -> Digest? {
        let text = name.description
        return text.hasPrefix(partPrefix) ? Digest(hex: String(text.dropFirst(partPrefix.count))) : nil
    }

    /// Looks through the private area at a start. Between a swap and the look at what came out (DESIGN §4.2) a crash leaves there what
    /// had the name, and that may be bytes that nobody else has: they get a name in the folder. What the hub has is removed.
    /// Nothing that lies there keeps an agent from starting.
    /// - Parameter isKnown: whether the hub has these bytes, or a symlink with this target; nil if that cannot be told yet.
    /// - Returns: what stays where it is until ``recover(_:isKnown:)``.
    func recover(isKnown: (Content) throws -> Bool?) throws -> [PrivateItem] {
        try asking({ () throws(FileTreeError) in try area.items() }).filter { item in
            // Whether anybody wants to go on with it is seen later.
            if Self.partDigest(item.name) != nil { return false }
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

    func isFetched(_ item: PrivateItem) -> Bool { item.name.bytes.starts(with: Array(Self.fetchPrefix.utf8)) }

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
