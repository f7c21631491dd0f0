internal import FileTree
internal import Journal
import SyncCore

/// Whether the share is the one that the journal knows. Looks through a handle opened anew by path, so that a disk that
/// was unmounted, or is back, is noticed. Lives on the hub's queue.
final class ShareFence {
    /// What a look found otherwise than the one before.
    enum Change {
        case away(reason: String)
        /// `isOther`: another directory than before, whose marker is the share's.
        case back(isOther: Bool)
    }

    /// Why the hub takes nothing in, as a sentence; nil while the share is there.
    private(set) var reason: String?
    /// To be called, on the queue, after ``reason`` has changed.
    var onChange: (Change) -> Void = { _ in }
    private let store: Store
    private let journal: Journal

    init(store: Store, journal: Journal) throws {
        self.store = store
        self.journal = journal
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

    /// Nil when the directory that is held open is the share.
    private func look() -> (other: TreeRoot?, reason: String?)? {
        let path = store.layout.share
        guard let there = try? TreeRoot(path: path), let status = try? there.status(of: .top) else {
            return (nil, "the share \(path) is not there; \(ShareFence.next)")
        }
        let known = (try? journal.shareMarker) ?? nil
        let marker = "\(path)/\(ShareMarker.name)"
        let mend = known.map {
            ". If this is the right one, give it its marker back: echo 'id: \($0)' > \(ShellWord(marker))"
        }
        switch ShareMarker.marker.reading(in: there) {
        case .named(let id) where id == known: break
        case .named:
            return (nil, "\(path) has the marker of another share; \(ShareFence.next)\(mend ?? "")")
        case .missing:
            return (nil, "\(path) lacks the share's marker \(ShareMarker.name); \(ShareFence.next)\(mend ?? "")")
        case .unnamed: return (nil, "the share's marker \(marker) is empty or damaged; \(ShareFence.next)\(mend ?? "")")
        }
        return status.identity == (try? store.share.status(of: .top))?.identity ? nil : (there, nil)
    }

    private static let next = "is its disk mounted? Nothing is taken in or deleted until it is back"
}
