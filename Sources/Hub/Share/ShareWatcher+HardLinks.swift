internal import FileTree
internal import Journal
internal import Share
import SyncCore

extension ShareWatcher {
    /// An edit through one name of a file is one under all its names (hard links), and the kernel tells of the one only.
    func noteOtherNames(of status: FileStatus, than spot: Spot) throws {
        guard status.kind == .file, status.links > 1 else { return }
        for node in try nodes(in: status) where node.content.kind == .file {
            let other = Spot(directory: node.parent, name: node.name)
            // What is as it was taken in last is no news; what is looked at already needs no second look.
            if other == spot || settling.contains(other) || inHash.contains(other) { continue }
            if try placed(node.id)?.fingerprint(of: status.kind) != status.fingerprint {
                note(other, mark: unfinished[.name(spot)])
            }
        }
    }

    /// The live nodes that were last seen in an inode.
    func nodes(in status: FileStatus) throws -> [Node] {
        var found = try journal.nodes(device: status.device, inode: status.inode)
        for (id, placed) in placer.placed where placed.identity == status.identity {
            guard !found.contains(where: { $0.id == id }), let node = try journal.node(id), !node.isDeleted else {
                continue
            }
            found.append(node)
        }
        return found
    }
}
