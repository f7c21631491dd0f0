internal import ControlAPI
internal import FileTree
internal import HTTPServer
internal import Journal
internal import Share
import SyncCore

// What the guard holds: told, decided, and its bytes looked after.
extension HubDesk {
    func heldList(_ sight: Sight) throws -> [HeldMessage] {
        try journal.heldBatches().filter { sight.isOwn($0.client) }.map {
            HeldMessage(
                id: $0.id, client: $0.client, at: Timestamp.text(.seconds($0.at)), deletes: $0.deletes,
                rewrites: $0.rewrites, others: $0.others, passed: $0.undone, path: "\($0.path)",
                pathB64: WirePath.base64($0.path.bytes))
        }
    }

    func decide(_ request: HTTPRequest, isApproved: Bool) throws -> HTTPResponse {
        let batch = try request.message(HeldRequest.self).id
        try checkShare(for: nil)
        // What was displaced a moment ago is in `versions/` only when that was written down.
        flush()
        let (at, date) = (clock.now().inSeconds, clock.day())
        let decision =
            isApproved
            ? try journal.approve(batch, at: at, date: date, moment: moment)
            : try journal.reject(batch, at: at, date: date, moment: moment)
        hubLog.info(
            isApproved ? "approved" : "rejected",
            [
                "batch": batch, "client": decision.client, "operations": decision.operations,
                "restored": decision.restored, "left": decision.left.count,
            ])
        if !decision.placements.isEmpty { show(decision.placements) }
        shelve()
        noteHeld()
        wantedMark += 1
        do { try share?.lookAgain(at: decision.released) } catch {
            hubLog.error("share_failed", ["reason": "\(error)"])
        }
        settle()
        planFlush()
        try checkTakesWrites("decision_not_acknowledged")
        return .message(
            HeldResponse(
                id: batch, client: decision.client, operations: decision.operations,
                restored: isApproved ? nil : decision.restored, left: isApproved ? nil : decision.left.count,
                examples: decision.left.isEmpty ? nil : decision.left.prefix(10).map(HubDesk.sentence)))
    }

    private static func sentence(_ left: LeftOut) -> String {
        let reason =
            switch left.reason {
            case .changed: "somebody has changed or deleted it since; what it was is in versions/"
            case .taken: "something else has its name now; what it was is in versions/"
            case .orphaned: "its directory is not on record any more; what it was is in versions/"
            case .bytes: "the hub does not have its bytes"
            }
        return "\(left.path): \(reason)"
    }

    /// The same where what was decided stands, whatever happens.
    func noteHeld() {
        do { try countHeld() } catch { hubLog.error("held_failed", ["reason": "\(error)"]) }
    }

    /// How many batches each client has, and whether late answers wait for it. After a start, a commit, a decision.
    func countHeld() throws {
        let before = heldBatches
        heldBatches = try journal.heldBatches()
        for batch in heldBatches where !before.contains(where: { $0.id == batch.id }) {
            hubLog.warning(
                "held",
                [
                    "batch": batch.id, "client": batch.client, "deletes": batch.deletes, "rewrites": batch.rewrites,
                    "passed": batch.undone, "first": batch.path,
                    "next": "syncctl held; syncctl approve \(batch.id), or reject \(batch.id)",
                ])
        }
    }

    /// Bytes of what was rejected or replaced go to `versions/`. What cannot go now goes after the next start.
    func shelve() {
        do {
            let contents = try journal.contentsToShelve()
            for content in contents {
                guard let item = try store.incoming.item(named: try Name(content.staged.name)) else { continue }
                try store.keepVersion(item, content.digest)
            }
            if contents.isEmpty { return }
            try store.sync()
            try journal.shelved(contents)
        } catch {
            hubLog.error("shelving_failed", ["reason": "\(error)"])
        }
    }

    /// - Throws: what the journal throws.
    func lateOutcomes(for name: String, after id: Int64) throws -> [LateOutcomeMessage]? {
        guard let generation = clients[name]?.record.generation else { return nil }
        let found = try journal.lateOutcomes(for: name, generation: generation, after: id, limit: 500)
        if found.isEmpty { return nil }
        let view = try view(of: name)
        return found.map {
            LateOutcomeMessage(id: $0.id, outcome: OutcomeMessage(number: $0.number, view.outward($0.outcome)))
        }
    }

    /// The client has taken them in; what it never asks for again is forgotten.
    func acknowledgeLate(_ name: String, through id: Int64) throws {
        guard id > 0, let generation = clients[name]?.record.generation,
            try !journal.lateOutcomes(for: name, generation: generation, after: 0, limit: 1).isEmpty
        else { return }
        try journal.acknowledgeLate(for: name, generation: generation, through: id)
    }
}
