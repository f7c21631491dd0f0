internal import ControlAPI
internal import HTTPServer
internal import Journal
import SyncCore

// POST /v1/history.
extension HubDesk {
    func history(_ request: HTTPRequest, _ sight: Sight) throws -> [HistoryMessage] {
        let message = try request.message(HistoryRequest.self)
        let limit = message.limit ?? HistoryRequest.most
        if !(1...HistoryRequest.most).contains(limit) {
            throw ErrorMessage(.badValue, "the field 'limit' must be a number from 1 to \(HistoryRequest.most)")
        }
        let path = try requestedPath(message.path)
        // What was displaced a moment ago is in `versions/` only when that was written down.
        if placer.isDirty { flush() }
        let found = sight.shows(path) ? try journal.past(of: path, limit: limit).entries : []
        let seen = try sight.isEverything ? found : found.compactMap { try self.seen($0, at: path, sight) }
        if seen.isEmpty {
            throw ErrorMessage(.unknownPath, "nothing is on record of '\(path)': it never was in the share")
        }
        return seen.map(HubDesk.message)
    }

    /// What lies in the part now, or lay there at last, and lay in it then: as the log has it, but that what was deleted keeps its
    /// history, and that what lies there now is told, wherever it came from.
    private func seen(_ entry: PathHistory.Entry, at path: RelativePath, _ sight: Sight) throws -> PathHistory.Entry? {
        var entry = entry
        if entry.isCurrent, !sight.shows(entry.record.path) { entry.record.path = path }
        let isSeen =
            try sight.shows(entry.record.path) && journal.lastPath(of: entry.record.node.id).map(sight.shows) ?? false
        return isSeen ? entry : nil
    }

    private static func message(_ entry: PathHistory.Entry) -> HistoryMessage {
        let (record, content) = (entry.record, entry.record.node.content)
        let state: HistoryMessage.State =
            record.change == .delete ? .deleted : entry.isCurrent ? .current : entry.isThere ? .kept : .gone
        let mtime: Nanoseconds? =
            switch content {
            case .file(let file): file.mtime
            case .symlink(_, let mtime): mtime
            case .directory: nil
            }
        return HistoryMessage(
            version: record.node.contentVersion.rawValue, seq: record.seq.rawValue,
            sha256: content.file.map { "\($0.digest)" }, size: content.size, mtime: mtime.map(Timestamp.text),
            client: record.author, at: Timestamp.text(.seconds(record.at)), state: state,
            change: record.change.rawValue, kind: content.kind.rawValue, path: "\(record.path)",
            pathB64: WirePath.base64(record.path.bytes))
    }
}
