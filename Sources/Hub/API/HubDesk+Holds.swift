internal import ControlAPI
internal import FileTree
internal import Journal
internal import Share
import SyncCore

// POST /v1/holds: clients remove what may be the last copy of something when they are told that it is here.
extension HubDesk {
    /// Those of some contents whose bytes lie here: in the share, as they were placed or taken in, or in `versions/`. That the
    /// journal has them on record is not enough: they may be what the share is waiting for. A client that maps a part of
    /// the share hears of what nodes in that part have, or had.
    func holds(_ asked: HoldsMessage, _ client: String) throws -> HoldsMessage {
        if asked.contents.count > HoldsMessage.limit {
            throw ErrorMessage(.badValue, "the field 'contents' has at most \(HoldsMessage.limit) items")
        }
        let contents = try asked.contents.map { content in
            guard let digest = Digest(hex: content.sha256) else {
                throw ErrorMessage(.badValue, "the field 'sha256' must have 64 hexadecimal digits")
            }
            return (key: content, digest: digest)
        }
        switch try view(of: client) {
        case .everything:
            let found = try contents.filter {
                try hasVersion($0.digest, $0.key.size)
                    || journal.liveFiles(with: $0.digest, size: $0.key.size).contains(where: placer.isInShare)
            }
            return HoldsMessage(contents: found.map(\.key))
        case .part(var part, _):
            // The history is read for those only that lie in `versions/` and were displaced: of what is new to the hub there are
            // none, and what was never displaced nobody had but those who have it.
            let kept = try contents.filter {
                try hasVersion($0.digest, $0.key.size) && journal.wasDisplaced($0.digest)
            }
            let owners = try kept.isEmpty ? [:] : journal.nodesThatHad(Set(kept.map(\.digest)))
            let found = try contents.filter { content in
                for node in try journal.liveFiles(with: content.digest, size: content.key.size) {
                    guard try part.holds(node) else { continue }
                    if try placer.isInShare(node) { return true }
                    if hasVersion(content.digest, content.key.size) {
                        noteTold(content.digest, client)
                        return true
                    }
                }
                guard owners[content.digest] != nil else { return false }
                for id in owners[content.digest] ?? [] {
                    if let node = try journal.node(id), try part.holds(node) {
                        noteTold(content.digest, client)
                        return true
                    }
                }
                return false
            }
            return HoldsMessage(contents: found.map(\.key))
        case .lost: return HoldsMessage(contents: [])
        }
    }

    /// Its next commits may name this. Best effort: what is forgotten is sent whole.
    private func noteTold(_ digest: Digest, _ client: String) {
        if toldOld[client, default: []].count >= HoldsMessage.limit { toldOld[client] = [] }
        toldOld[client, default: []].insert(digest)
    }

    /// Whether the file is there, not only its row: another size is another content, whatever its name says.
    private func hasVersion(_ digest: Digest, _ size: Int64) -> Bool {
        store.sizeOfVersion(digest) == size
    }
}
