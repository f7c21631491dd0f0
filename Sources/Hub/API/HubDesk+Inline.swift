internal import ControlAPI
internal import FileTree
internal import Journal
import SyncCore

// Small contents that go along with a page of changes.
extension HubDesk {
    /// A page of more changes is no edit: a pack costs less.
    private static let mostInline = 8

    /// The bytes of what others changed, if they are few: as they lie in the share, which the client verifies. What cannot be read
    /// is fetched, and then has its reason.
    func inlineContents(of nodes: [Node], for client: String) throws -> [InlineContent]? {
        if nodes.count > HubDesk.mostInline { return nil }
        let changed = try nodes.filter { node in
            guard !node.isDeleted, let file = node.content.file, file.size > 0 else { return false }
            return try journal.history(after: Sequence(node.seq.rawValue - 1), limit: 1).first?.client != client
        }
        guard !changed.isEmpty, InlineContents.fit(changed.map(\.content.size)) else { return nil }
        return changed.compactMap { node in
            guard let file = node.content.file, let path = try? journal.path(of: node.id),
                let bytes = try? store.share.smallFile(path, limit: Int(file.size)), bytes.count == Int(file.size)
            else { return nil }
            return InlineContent(file.digest, bytes)
        }
    }
}
