internal import FileTree
internal import Journal
internal import SyncCore

/// One placement while it is carried out.
struct PlacementRun<Disk: ShareDisk> {
    let placer: Placer<Disk>
    let placement: Placement
    /// Whether it, or a part of it, may have been done before.
    let isReplay: Bool

    var share: Disk { placer.store }
    var store: Disk { placer.store }

    /// - Throws: ``FileTreeError`` and ``PlacementWaits`` when it has to be tried again; what the journal throws.
    func carryOut() throws {
        switch placement.step {
        case .file(let path, let content, let source): try file(path, content, source)
        case .attributes(let path, let content): try attributes(path, content)
        case .directory(let path, let mode): try directory(path, mode)
        case .symlink(let path, let target, let mtime): try symlink(path, target, mtime)
        case .move(let from, let to): try move(from, to)
        case .remove(let path): try remove(path)
        }
    }

    /// Somebody else changes the same path at the same time: so often it is looked at again.
    static var attempts: Int { 8 }

    /// Runs `body` until it says that it is done.
    func repeatedly(_ body: (_ attempt: Int) throws -> Bool) throws {
        for attempt in 0..<PlacementRun.attempts where try body(attempt) { return }
        throw PlacementWaits(description: "somebody keeps changing the same place in the share")
    }

    /// A program holds a file open for writing: a moment's patience the first time. After that the intent waits.
    func pause(_ attempt: Int) throws {
        if isReplay { throw PlacementWaits(description: "a program has the file in the share open for writing") }
        share.pause(attempt)
    }

    /// What is there now is what the journal has: remembered, so that the next step knows it without reading.
    func note(_ status: FileStatus) { placer.placed[placement.node] = Placed(status) }

    // MARK: - What lies there

    /// What an entry in the share is to this placement.
    enum Sight {
        /// What the journal knows of: it may be displaced. The fingerprint is of now.
        case expected(Fingerprint)
        /// What is to be there.
        case alreadyThere(Fingerprint)
        /// Somebody's change.
        case stranger
    }

    /// - Parameter wanted: what is to come there; nil for a removal.
    func look(at path: RelativePath, _ status: FileStatus, wanted: Content?) throws -> Sight {
        let now = status.fingerprint
        if let known = placement.expected?.placed, known.fingerprint(of: .file) == now {
            return .expected(now)
        }
        switch status.kind {
        case .file:
            // Of another size than either it is neither: it is not read for that.
            let sizes = [wanted?.file?.size, placement.expected?.content.file?.size]
            guard sizes.contains(status.size) else { return .stranger }
            let hashed = try share.hash(path)
            if wanted?.file?.digest == hashed.digest { return .alreadyThere(hashed.fingerprint) }
            return placement.expected?.content.file?.digest == hashed.digest ? .expected(hashed.fingerprint) : .stranger
        case .symlink:
            let target = try share.readLink(path)
            if case .symlink(target, _)? = wanted { return .alreadyThere(now) }
            if case .symlink(target, _)? = placement.expected?.content { return .expected(now) }
            return .stranger
        case .directory:
            if wanted?.isDirectory == true { return .alreadyThere(now) }
            return placement.expected?.content.isDirectory == true ? .expected(now) : .stranger
        case .other: return .stranger
        }
    }

    /// The same, unless somebody is at it.
    func lookIfWhole(at path: RelativePath, _ status: FileStatus, wanted: Content?) throws -> Sight {
        if status.kind == .file, !isAsPlaced(status) { try refusePieces(path) }
        return try look(at: path, status, wanted: wanted)
    }

    private func isAsPlaced(_ status: FileStatus) -> Bool {
        placement.expected?.placed?.fingerprint(of: status.kind) == status.fingerprint
    }

    /// Asked before anything is read or copied for a file to be placed: one that waits for somebody's upload is tried every second, and
    /// each try costs no more than a look.
    func refuseUnfinished(_ path: RelativePath) throws {
        guard let status = try share.status(of: path), status.kind == .file else { return }
        guard isAsPlaced(status) else { return try refusePieces(path) }
        if isReplay, share.isWriterActive(path) == true { try pause(0) }
        try refuseOpen(path)
    }

    // MARK: - Attributes

    func attributes(_ path: RelativePath, _ content: Content) throws {
        try repeatedly { attempt in
            guard let status = try share.status(of: path), status.kind.node == content.kind else { return true }
            if case .stranger = try lookIfWhole(at: path, status, wanted: content) {
                // Where a later step brings other bytes, the two have met, and that step decides.
                if try isReplacedLater(content) { return true }
                try takeInEdit(path)
                return true
            }
            return try setAttributes(path, content, expecting: status.fingerprint, attempt)
        }
    }

    /// Whether the journal has other bytes for the node than this step knows of.
    private func isReplacedLater(_ content: Content) throws -> Bool {
        guard let node = try placer.journal.node(placement.node) else { return false }
        return !node.content.hasSameBytes(as: content)
    }

    /// - Returns: whether it is done.
    func setAttributes(
        _ path: RelativePath, _ content: Content, expecting expected: Fingerprint, _ attempt: Int
    ) throws -> Bool {
        let mode: Mode?
        let mtime: Nanoseconds?
        switch content {
        case .file(let file): (mode, mtime) = (file.mode, file.mtime)
        case .directory(let wanted): (mode, mtime) = (wanted, nil)
        case .symlink(_, let wanted): (mode, mtime) = (nil, wanted)
        }
        if content.kind == .file,
            let copy = try share.copyOfLinked(path, mode: mode, mtime: mtime, expecting: expected)
        {
            return try replace(path, by: copy, expecting: expected, attempt, andThen: { try $0.remove() })
        }
        switch try share.setAttributes(path, mode: mode, mtime: mtime, expecting: expected) {
        case .set(let status):
            note(status)
            return true
        case .unexpected: return false
        case .busy:
            try pause(attempt)
            return false
        }
    }

    // MARK: - Directories, moves

    func directory(_ path: RelativePath, _ mode: Mode) throws {
        try repeatedly { attempt in
            switch try withParents(of: path, { try share.makeDirectory(path, mode: mode) }) {
            case .placed(let status):
                note(status)
                return true
            case .occupied(let status) where status.kind == .directory:
                return try setAttributes(path, .directory(mode), expecting: status.fingerprint, attempt)
            case .occupied:
                try makeWay(path)
                return false
            }
        }
    }

    func move(_ from: RelativePath, _ to: RelativePath) throws {
        if isReplay, try isMoved(from, to) { return }
        try repeatedly { _ in
            guard let before = try share.status(of: from) else {
                // Somebody took it away: their deletion is seen when the share is looked at.
                placer.warn("move_without_source", ["path": from])
                placer.onDoubt(placement.node)
                return true
            }
            switch try withParents(of: to, { try share.move(from, to: to, expecting: before.identity) }) {
            case .moved(let after):
                placer.onMoved(from, to, after)
                // Only what was known before is known now: an edit that nobody has seen, also one made between the look and the
                // move, must stay visible.
                let known = placement.expected?.placed?.fingerprint(of: before.kind)
                let isUntouched = known == before.fingerprint && after.survivedRename(before.fingerprint)
                if isUntouched || before.kind == .directory { note(after) }
                return true
            case .occupied:
                try makeWay(to)
                return false
            case .unexpected: return false
            case .misplaced(let status):
                placer.warn("moved_by_others", ["path": to, "inode": status.inode])
                placer.onDoubt(placement.node)
                return true
            }
        }
    }

    /// Whether a move was done before: the node lies at its new place, or another has taken its old one.
    private func isMoved(_ from: RelativePath, _ to: RelativePath) throws -> Bool {
        if let there = try share.status(of: to) {
            if let known = placement.expected?.placed {
                if known.identity == there.identity { return true }
            } else {
                guard try share.status(of: from) != nil else { return true }
                if case .expected = try look(at: to, there, wanted: nil) { return true }
            }
        }
        guard try isAnothers(from) else { return false }
        // What was at the new place may have been changed or taken away since.
        placer.onDoubt(placement.node)
        return true
    }

    /// Whether what lies at a path was placed there for a live node, and is not what this one has.
    private func isAnothers(_ path: RelativePath) throws -> Bool {
        guard let live = try placer.journal.node(at: path), live.id != placement.node,
            let status = try share.status(of: path), status.kind.node == live.content.kind
        else { return false }
        let moved = placement.expected?.content
        guard moved?.kind == live.content.kind else { return true }
        switch live.content {
        case .file(let file):
            return try moved?.file?.digest != file.digest && share.hash(path).digest == file.digest
        case .symlink(let target, _):
            if case .symlink(target, _)? = moved { return false }
            return try share.readLink(path) == target
        case .directory: return false
        }
    }

    /// Runs `body`; if the directory above the path is missing, since somebody deleted it in the share or put something
    /// else in its place, makes it first.
    func withParents<Value>(of path: RelativePath, _ body: () throws -> Value) throws -> Value {
        do { return try body() } catch let error as FileTreeError where error.meansAbsence {
            var parent = RelativePath.top
            for name in path.parent.names {
                parent = parent.appending(name)
                guard case .occupied(let status) = try share.makeDirectory(parent, mode: Mode(0o755)),
                    status.kind != .directory
                else { continue }
                try makeWayForDirectory(parent)
                _ = try share.makeDirectory(parent, mode: Mode(0o755))
            }
            return try body()
        }
    }
}
