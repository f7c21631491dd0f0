internal import FileTree
internal import Journal
internal import Share
import SyncCore

/// Whether the share is the one that the journal knows. Looks through a handle opened anew by path, so that a disk that
/// was unmounted, or is back, is noticed. A marker that somebody takes away or changes in the very directory that is open
/// does not stop everything: whoever may write there could stop everybody. It is written back. But it may have gone with a disk of
/// several that the share lies on, or first of all files: what else is missing counts as deleted when a person has said so
/// (``Journal/doubtShare(_:at:)``). Lives on the hub's queue.
final class ShareFence {
    /// What a look found otherwise than the one before.
    enum Change {
        case away(reason: String)
        /// `isOther`: another directory than before, whose marker is the share's.
        case back(isOther: Bool)
        /// Its marker was gone, and is written back.
        case doubted
    }

    /// Why the hub takes nothing in, as a sentence; nil while the share is there.
    private(set) var reason: String?
    /// To be called, on the queue, after ``reason`` has changed.
    var onChange: (Change) -> Void = { _ in }
    /// The directory that had the share's marker when it was looked at last. It is held open, so that no other can get its
    /// inode.
    private var proven: FileStatus?
    /// Why its marker cannot be written back, as it was told last.
    private var trouble: String?
    /// Whether its marker is gone, so that deletions in it are in doubt; and whether that was said.
    private var isInDoubt = false
    private var isTold = false
    /// Writes the marker; another one in tests.
    var write: (String, TreeRoot) throws -> Void = { try ShareMarker.marker.write($0, in: $1) }
    /// Now, by ``Journal/runningTime``.
    private let moment: () -> Int64
    private let store: Store
    private let journal: Journal

    init(store: Store, journal: Journal, moment: @escaping () -> Int64) throws {
        self.store = store
        self.journal = journal
        self.moment = moment
        try learn()
        reason = look()?.reason
    }

    /// A journal that knows no marker takes the one that is there: of a new hub, or of one from before markers had ids.
    private func learn() throws {
        guard try journal.shareMarker == nil, let share = try? TreeRoot(path: store.layout.share) else { return }
        switch ShareMarker.marker.reading(in: share) {
        case .named(let id): try journal.setShareMarker(id)
        case .missing where try journal.head > .zero: break
        case .missing, .unnamed:
            let id = ShareMarker.newID()
            try ShareMarker.marker.write(id, in: share)
            try journal.setShareMarker(id)
        }
    }

    /// Looks again.
    /// - Returns: whether the share is there.
    @discardableResult
    func check() -> Bool {
        let before = reason
        guard let found = look() else {
            reason = nil
            if before != nil { onChange(.back(isOther: false)) }
            tellDoubt()
            return true
        }
        if let other = found.other {
            store.reopen(other)
            reason = nil
            onChange(.back(isOther: true))
            return true
        }
        reason = found.reason
        if before != reason, let reason { onChange(.away(reason: reason)) }
        return false
    }

    private func tellDoubt() {
        guard isInDoubt, !isTold else { return }
        isTold = true
        onChange(.doubted)
    }

    /// Nil when the directory that is held open is the share.
    private func look() -> (other: TreeRoot?, reason: String?)? {
        let path = store.layout.share
        guard let there = try? TreeRoot(path: path), let status = try? there.status(of: .top) else {
            return (nil, "the share \(path) is not there; \(ShareFence.next)")
        }
        let known = (try? journal.shareMarker) ?? nil
        let found = ShareMarker.marker.reading(in: there)
        if let known, found == .named(known) {
            proven = status
            (trouble, isInDoubt, isTold) = (nil, false, false)
        } else if let known, isOpen(status) {
            if let reason = takeBack(known, in: there, found) { return (nil, reason) }
        } else {
            return (nil, reason(of: found, known: known))
        }
        return status.identity == (try? store.share.status(of: .top))?.identity ? nil : (there, nil)
    }

    /// Why nothing is taken in from a directory with such a marker.
    private func reason(of found: IdentityMarker.Reading, known: String?) -> String {
        let path = store.layout.share
        let marker = "\(path)/\(ShareMarker.name)"
        let mend = known.map {
            ". If this is the right one, give it its marker back: echo 'id: \($0)' > \(ShellWord(marker))"
        }
        return switch found {
        case .named: "\(path) has the marker of another share; \(ShareFence.next)\(mend ?? "")"
        case .missing: "\(path) lacks the share's marker \(ShareMarker.name); \(ShareFence.next)\(mend ?? "")"
        case .unnamed: "the share's marker \(marker) is empty or damaged; \(ShareFence.next)\(mend ?? "")"
        }
    }

    // MARK: - A marker that went while its directory stayed

    /// Whether it is the directory that is held open, and that was the share.
    private func isOpen(_ status: FileStatus) -> Bool {
        guard let open = try? store.share.status(of: .top), let proven else { return false }
        return [open, proven].allSatisfy { $0.identity == status.identity && $0.born == status.born }
    }

    /// The marker is written back when it is written down that deletions are in doubt.
    /// - Returns: why it counts as away, though it is the directory that was the share; nil if it does not. On a full disk it goes on
    ///   without a marker. That nothing can be written for another reason says that it is not as it was.
    private func takeBack(_ id: String, in share: TreeRoot, _ found: IdentityMarker.Reading) -> String? {
        do {
            if !isInDoubt { try journal.doubtShare(Placer.shareClient, at: moment()) }
            isInDoubt = true
            try writeBack(id, in: share)
            hubLog.warning("share_marker_written_back", ["was": found.word, "then": "deletions wait for a person"])
            trouble = nil
            return nil
        } catch {
            // It is tried again each time somebody looks, and told once.
            if trouble == nil { hubLog.error("share_marker_lost", ["was": found.word, "reason": "\(error)"]) }
            trouble = "\(error)"
            if isInDoubt, (error as? FileTreeError)?.reason == .noSpace { return nil }
            return
                "\(store.layout.share) lost the share's marker \(ShareMarker.name), which cannot be written back (\(error)); "
                + ShareFence.next
        }
    }

    /// Somebody may put things in its way at the same time.
    private func writeBack(_ id: String, in share: TreeRoot) throws {
        for attempt in 1... {
            do {
                try clearName(in: share)
                return try write(id, share)
            } catch {
                if attempt == 3 || (error as? FileTreeError)?.reason == .noSpace { throw error }
            }
        }
    }

    /// A directory under the marker's name goes aside: no file takes its place.
    private func clearName(in share: TreeRoot) throws {
        let path = RelativePath([ShareMarker.name])
        guard let status = try share.status(of: path), status.kind == .directory else { return }
        let aside = try Name("\(ShareMarker.name)-\(PrivateArea.randomName())")
        _ = try share.move(path, to: RelativePath([aside]), expecting: status.identity)
    }

    private static let next = "is its disk mounted? Nothing is taken in or deleted until it is back"
}

extension IdentityMarker.Reading {
    /// For the log.
    fileprivate var word: String {
        switch self {
        case .missing: "missing"
        case .unnamed: "empty"
        case .named: "another"
        }
    }
}
