package import SyncCore

/// Which extras this client carries, and how what others do not say of them is understood.
extension FolderIndex {
    /// What is carried from now on. Where it was otherwise before, everything is merged as if new: what was not carried
    /// is not known. Call it before anything else.
    package func carry(_ extras: CarriedExtras) throws {
        let text = "\(extras.owners ? 1 : 0)\(extras.attributes ? 1 : 0)"
        let before = try value("carries") ?? "00"
        carries = extras
        guard text != before else { return }
        try transaction {
            try set("carries", text)
            if let epoch = try epoch { try begin(epoch: epoch, because: .extras) }
            // What is known of the disk lacks what is carried now.
            try database.execute("UPDATE local SET extras = NULL, sha256 = NULL")
        }
    }

    /// A node as the hub tells it, in the terms of this client: without what is not carried here; and where nobody has
    /// ever said what is carried, with what is here, so that silence is no difference.
    func understood(_ node: Node) throws -> Node {
        guard let mode = node.content.mode, carries != .nothing || mode.extras != nil else { return node }
        var node = node
        node.content = node.content.changingMode { $0.keeping(carries) }
        if carries != .nothing {
            node.content = node.content.filled(from: try synced(node.id)?.content)
            if let row = try local(of: node.id) {
                node.content = node.content.changingMode { $0.filled(from: row.mode) }
            }
        }
        return node
    }

    /// What was just placed for a node of which nobody has said all that is carried: what is here is what is agreed.
    package func fillUnsaid(_ node: Node, from mode: Mode) throws -> Node {
        guard carries != .nothing else { return node }
        var filled = node
        filled.content = node.content.changingMode { $0.filled(from: mode) }
        if filled.content != node.content, try remote(node.id) != nil { try writeRemote(filled) }
        return filled
    }
}
