internal import FileTree
internal import Journal
import SyncCore

/// Compares the share with the journal, by names, kinds and sizes: no content is read.
struct ShareCheck {
    private let journal: Journal
    private let share: TreeRoot
    /// Nodes that the share does not hold as the journal has them.
    private(set) var missing: [RelativePath] = []
    /// What lies in the share and is no node.
    private(set) var strangers: [RelativePath] = []

    /// Compares all of it. Blocks.
    /// - Throws: what the journal throws, ``FileTreeError``.
    init(_ layout: HubLayout, _ journal: Journal) throws {
        self.journal = journal
        share = try TreeRoot(path: layout.share)
        var open = [(NodeID.root, RelativePath.top)]
        while let (id, path) = open.popLast() { open += try compare(id, path) }
    }

    /// - Returns: the directories that are on both sides.
    private mutating func compare(_ id: NodeID, _ path: RelativePath) throws -> [(NodeID, RelativePath)] {
        // A directory that changes while it is listed may tell of a name twice.
        var entries = Dictionary(try share.list(path).map { ($0.name, $0.status) }) { _, last in last }
        var below: [(NodeID, RelativePath)] = []
        for node in try journal.children(of: id) {
            let inside = path.appending(node.name)
            guard let status = entries.removeValue(forKey: node.name), ShareCheck.agrees(status, node.content) else {
                missing.append(inside)
                continue
            }
            if node.content.isDirectory { below.append((node.id, inside)) }
        }
        strangers += entries.keys.filter { !$0.isReserved }.sorted().map(path.appending)
        return below
    }

    private static func agrees(_ status: FileStatus, _ content: Content) -> Bool {
        guard status.kind.node == content.kind else { return false }
        return content.file.map { $0.size == status.size } ?? true
    }

    /// What to tell a person.
    /// - Parameter isRunning: a hub that runs may be placing what is missing.
    func findings(isRunning: Bool) -> [Finding] {
        var findings: [Finding] = []
        if let first = missing.first {
            let text =
                "\(missing.count) of the journal's nodes are not in the share as they should be, such as '\(first)'"
            let next =
                "run the hub, which finishes what was interrupted; what is missing then comes back from versions/, a "
                + "backup, or by saving the file once more on a device that has it"
            findings.append(
                isRunning ? .note("share", text, "check again in a moment; " + next) : .wrong("share", text, next))
        }
        if let first = strangers.first {
            findings.append(
                .note(
                    "share", "\(strangers.count) things in the share are unknown to the journal, such as '\(first)'",
                    "a hub that runs takes them in, once nobody writes them"))
        }
        return findings.isEmpty ? [.good("share", "the share holds what the journal says")] : findings
    }
}
