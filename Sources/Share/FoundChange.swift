package import SyncCore

/// A change that was found in the share, as far as it matters whose it is.
package struct FoundChange: Hashable, Sendable {
    /// What lies there otherwise than before.
    package enum What: Hashable, Sendable {
        /// Something new.
        case created
        /// Other bytes.
        case rewritten
        /// Another mode or time.
        case dressed
        /// It was elsewhere.
        case moved(from: RelativePath)
        /// It is gone.
        case deleted
    }

    /// Where: as it is found.
    package var path: RelativePath
    /// What is otherwise.
    package var what: What

    package init(_ path: RelativePath, _ what: What) {
        self.path = path
        self.what = what
    }
}

extension Placer {
    /// What operations of the share mean by path; without those whose place is not known.
    func foundChanges(_ operations: [Operation]) throws -> [(operation: OperationID, change: FoundChange)] {
        var paths: [NodeID: RelativePath] = [:]
        var made: [OperationID: RelativePath] = [:]
        func path(of directory: NodeID) throws -> RelativePath? {
            if let known = paths[directory] { return known }
            guard let path = try directory == .root ? .top : journal.path(of: directory) else { return nil }
            paths[directory] = path
            return path
        }
        func path(_ parent: ParentReference, _ name: Name) throws -> RelativePath? {
            switch parent {
            case .node(let id): try path(of: id)?.appending(name)
            case .created(let operation): made[operation]?.appending(name)
            }
        }
        func found(_ operation: Operation) throws -> FoundChange? {
            if case .create(let parent, let name, _) = operation.change {
                guard let path = try path(parent, name) else { return nil }
                made[operation.id] = path
                return FoundChange(path, .created)
            }
            guard let node = try operation.change.node.flatMap({ try journal.node($0) }),
                let here = try path(of: node.parent)?.appending(node.name)
            else { return nil }
            switch operation.change {
            case .create: return nil
            case .edit(_, _, let content):
                return FoundChange(here, node.content.hasSameBytes(as: content) ? .dressed : .rewritten)
            case .move(_, _, let parent, let name):
                return try path(parent, name).map { FoundChange($0, .moved(from: here)) }
            case .delete: return FoundChange(here, .deleted)
            }
        }
        return try operations.compactMap { operation in
            try found(operation).map { (operation.id, $0) }
        }
    }
}
