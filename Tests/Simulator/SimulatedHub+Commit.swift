import FileTree
import Journal
import Share
import SyncCore

/// A commit on its way.
struct Request {
    /// In the index of the one who sends it.
    var name: String
    var client: String
    var operations: [Operation]
    var acknowledged: Int64
    var epoch: String
    /// What its client has still to send, this included.
    var announced = AnnouncedChanges()
}

/// What comes back.
enum Reply {
    case outcomes([Outcome])
    /// Refused as a whole, for what it says.
    case refused
    /// Refused, since these numbers were given before: the client's index was set back.
    case setBack
    /// Nothing: the hub is down, paused, died, or the message was lost.
    case nothing
}

/// DESIGN §6 step by step, with room to die between any two.
extension SimulatedHub {
    func handle(_ request: Request) throws -> Reply {
        messages += 1
        guard isUp, share.isMounted, !waitsForLook.contains(request.client), !paused.contains(request.client),
            request.epoch == journal.epoch
        else {
            return .nothing
        }
        let reply = try alive { () throws -> Reply in
            do { return .outcomes(try commit(request)) } catch is InvalidOperation { return .refused } catch let error
                as JournalError
            {
                switch error {
                case .acknowledgedBefore, .otherOperation: return .setBack
                default: throw error
                }
            }
        }
        try examineHistory()
        return reply ?? .nothing
    }

    private func commit(_ request: Request) throws -> [Outcome] {
        let repeated = try request.operations.allSatisfy {
            try journal.recordedOutcome(of: $0.id, client: request.client) != nil
        }
        let before = try journal.head
        let edits = repeated ? [:] : try editsOfUnseen(request)
        let unheld = try nodes(of: request)
        let live = guardRule.percent > 0 ? try things().count : 0
        let items = try verify(request)
        let result: CommitResult
        do {
            if !items.isEmpty { try disk.sync() }
            try step()
            result = try journal.commit(
                client: request.client, operations: request.operations, acknowledged: request.acknowledged,
                staged: items.mapValues { StagedContent(name: $0.name.description) },
                at: clock.now / 1_000_000_000, date: "D", guardedBy: guardRule, announced: request.announced,
                moment: guardRule.percent > 0 ? moment : 0)
        } catch let error where Trouble.isCause(of: error) {
            for item in items.values { try? item.remove() }
            throw error
        }
        try checkHeld(request, unheld, result.outcomes)
        try checkGuard(request, unheld, result.outcomes, live: live, head: before)
        try checkPassed(of: request.client, from: before)
        try step()
        // From here on it stands, whatever happens.
        try attempt { try placer.run(result.placements) }
        try attempt { try removeUnused(items, result) }
        try step()
        check(edits, result.outcomes, of: request)
        check(request, result.outcomes, wasRepeated: repeated, grewFrom: before, to: result.head)
        try step()
        return result.outcomes
    }

    // MARK: - Verify

    /// Private copies whose bytes are what was promised.
    private func verify(_ request: Request) throws -> [OperationID: MemoryItem] {
        var items: [OperationID: MemoryItem] = [:]
        for operation in request.operations {
            guard let file = operation.change.content?.file,
                try journal.recordedOutcome(of: operation.id, client: request.client) == nil
            else { continue }
            if case .edit(let id, _, let content) = operation.change, let node = try journal.node(id), !node.isDeleted,
                node.content.hasSameBytes(as: content)
            {
                continue
            }
            guard let bytes = try bytes(of: file, request.client), contents.digest(of: bytes) == file.digest,
                bytes.count == file.size
            else { continue }
            try disk.enter()
            items[operation.id] = disk.stage(bytes, as: file)
        }
        return items
    }

    private func bytes(of file: FileContent, _ client: String) throws -> [UInt8]? {
        if let staged = staging[client]?[file.digest] { return staged }
        if let version = disk.versions[file.digest] { return version.bytes }
        for path in try journal.whereabouts(of: file.digest).paths {
            if let bytes = share.inode(at: path)?.bytes, contents.digest(of: bytes) == file.digest { return bytes }
        }
        return nil
    }

    private func removeUnused(_ items: [OperationID: MemoryItem], _ result: CommitResult) throws {
        let used = Set(
            result.placements.compactMap { placement -> String? in
                guard case .file(_, _, .staged(let staged)) = placement.step else { return nil }
                return staged.name
            })
        let needed = used.union(result.held)
        for item in items.values where !needed.contains(item.name.description) { try item.remove() }
        if guardRule.percent > 0 { try shelve() }
    }
}
