internal import FileTree
internal import Journal
internal import Share
import SyncCore

// What becomes current is kept beside the share: see ``Protection``.
extension Placer {
    /// Copies of what is current, as was just decided, are kept; the others go away.
    func keepCopies(_ copies: [Digest: PrivateItem], areDurable: Bool) {
        for (digest, item) in copies {
            if (try? journal.isCurrent(digest)) != true {
                try? item.remove()
            } else if areDurable {
                shelveCopy(item, digest)
            } else {
                keepCopy(item, digest)
            }
        }
    }

    /// Whether a file lies in the share as it was when its bytes were verified.
    func isInShare(_ node: Node) throws -> Bool {
        guard !isShareAway, let path = try journal.path(of: node.id), !isWaiting(at: path),
            let known = try placed[node.id] ?? journal.placed(node.id), let now = try store.status(of: path)
        else { return false }
        return known.fingerprint(of: .file) == now.fingerprint
    }
}
