internal import ControlAPI
internal import FileTree
internal import Journal
import SyncCore

extension ShareWatcher {
    /// Everything that was done in the share until now is before this mark: see ``isCaughtUp(with:)``.
    func mark() throws -> Int64 {
        watcher?.drain()
        try takeEvents()
        try followAstray()
        planTurn()
        defer { lastMark += 1 }
        return lastMark
    }

    /// Whether everything before a mark has become changes. A file that somebody still writes to is no change yet.
    func hasTakenIn(_ mark: Int64) -> Bool {
        fence.reason == nil && !unfinished.values.contains { $0 <= mark }
    }

    /// The same for who waits. What came out of the share and waits for a name in it is no change yet either.
    func isCaughtUp(with mark: Int64) -> Bool { placer.waitingForName.isEmpty && hasTakenIn(mark) }

    /// Why somebody waits for the share, in words.
    var reason: String {
        if let reason = fence.reason { return "blocked: \(reason)" }
        if !heldNodes.isEmpty {
            return "held: \(heldNodes.count) deletions or rewrites in the share wait for a person, see syncctl held"
        }
        if let stray = placer.waitingForName.first { return "\(ShareWatcher.strays): \(stray.path): \(stray.reason)" }
        let refilled = refilled
        if let first = refilled.first {
            return
                "\(refilled.count) files are being brought back into it, first \(first.path): \(ShareWatcher.refills)"
        }
        let names = unfinished.keys.compactMap { task -> Spot? in
            if case .name(let spot) = task { spot } else { nil }
        }
        let first = names.min { $0.name < $1.name }.flatMap { try? path(of: $0) }
        return "changes in it are being taken in" + (first.map { ", first \($0)" } ?? "")
    }

    /// What is in the share and not in the journal, by path.
    var pending: [UnsyncedMessage] {
        var reasons = problems
        for task in unfinished.keys {
            guard case .name(let spot) = task, reasons[spot] == nil else { continue }
            reasons[spot] = "waits until it is quiet, or is being read"
        }
        for id in heldNodes.prefix(ShareWatcher.longestList) {
            guard let node = try? journal.node(id) else { continue }
            reasons[Spot(directory: node.parent, name: node.name)] =
                "held: too much was deleted or rewritten in the share, or with its marker; it waits for a person, see syncctl held"
        }
        let items = reasons.prefix(ShareWatcher.longestList).compactMap { spot, reason -> (RelativePath, String)? in
            (try? path(of: spot)).flatMap { $0 }.map { ($0, reason) }
        }
        let coming = refilled.prefix(ShareWatcher.longestList).map { path, bytes in
            UnsyncedMessage(
                client: Placer.shareClient, path: "\(path)", pathB64: WirePath.base64(path.bytes), direction: .down,
                bytes: bytes, reason: "comes back into the share: \(ShareWatcher.refills)")
        }
        let strays = placer.waitingForName.map { path, bytes, reason in
            UnsyncedMessage(
                client: Placer.shareClient, path: "\(path)", pathB64: WirePath.base64(path.bytes), direction: .up,
                bytes: bytes, reason: "\(ShareWatcher.strays): \(reason)")
        }
        let known = Set((coming + strays).map(\.path))
        return strays + coming
            + items.sorted { $0.0 < $1.0 }.map { path, reason in
                UnsyncedMessage(
                    client: Placer.shareClient, path: "\(path)", pathB64: WirePath.base64(path.bytes), direction: .up,
                    bytes: (try? share.status(of: path))??.size ?? 0, reason: reason)
            }.filter { !known.contains($0.path) }
    }

    private static let strays = "what was changed in the share meanwhile waits for a name in it"
    private static let refills = "it waits for a machine that has the bytes"

    /// What the share is to have and only clients have, with sizes in bytes.
    private var refilled: [(path: RelativePath, bytes: Int64)] {
        placer.backlog.compactMap { placement in
            guard case .file(let path, let file, _) = placement.step, placer.lacksBytes(for: placement) else {
                return nil
            }
            return (path, file.size)
        }
    }

    /// Whether there is such a thing.
    var isBeingRefilled: Bool { placer.backlog.contains { placer.lacksBytes(for: $0) } }

    static let longestList = 10_000

    /// As `status` shows it: nil as long as there is nothing to say.
    func status(_ head: Sequence, _ sight: Sight = .everything) -> StatusResponse.Client? {
        let pending = pending.filter { sight.shows($0.path) }
        if pending.isEmpty, fence.reason == nil { return nil }
        let isHeld = !heldNodes.isEmpty
        let held =
            isHeld
            ? "much was deleted or rewritten at once, or with the share's marker, which waits for a person: see syncctl held"
            : nil
        let reason =
            fence.reason ?? held ?? pending.first.map { "\($0.path): \($0.reason)" }
        return StatusResponse.Client(
            name: Placer.shareClient, kind: .sftp,
            state: fence.reason != nil ? .blocked : isHeld ? .held : .syncing, reason: reason,
            cursor: head.rawValue,
            behind: 0,
            unsynced: StatusResponse.Unsynced(
                up: pending.count { $0.direction == .up }, down: pending.count { $0.direction == .down },
                bytes: pending.reduce(0) { $0 + $1.bytes }), lastSeen: nil,
            pausedUntil: nil)
    }
}
