internal import ControlAPI
internal import Engine
internal import SyncCore

/// What the agent says of itself while the hub cannot be asked.
struct WaitsHere {
    /// What the hub said last.
    var pause: PauseMessage?
    /// Unix seconds of when the hub went, and why; nil if it has only just gone.
    var away: (since: Int64, reason: String)?
    /// Whether it is there, and does not let this machine in.
    var isRefused = false
    /// Why everything is to be compared with the hub, as a sentence; nil when it is not.
    var merging: String?

    /// Why something that waits does not go on.
    func reason(of item: Pending) -> String {
        if item.isSkipped { return item.reason }
        return ([item.reason] + general).joined(separator: "; ")
    }

    /// - Parameter item: what waits at the path or below it; nil if nothing does.
    func answer(_ item: Pending?, at path: RelativePath) -> String {
        guard let item else {
            return "nothing waits here; what other clients have is not known while the hub is away"
        }
        let merge = item.isSkipped ? "" : merging.map { "; \($0)" } ?? ""
        let way = item.isSkipped ? "is skipped" : item.isUp ? "waits to be sent" : "waits to be received"
        let place = item.path == path ? "" : "\(item.path) "
        return "\(place)\(way): \(item.reason)" + (item.isSkipped ? "" : paused.map { "; \($0)" } ?? "")
            + merge
    }

    private var general: [String] { [paused, absence, merging].compactMap { $0 } }

    /// Why this client is to hold still, as the hub said last.
    var paused: String? {
        if let blocked = pause?.blocked { return "blocked: \(blocked)" }
        return pause.map { pause in pause.until.map { "paused until \($0)" } ?? "paused until somebody resumes it" }
    }

    private var absence: String {
        guard let away else { return "the hub does not answer" }
        let what = isRefused ? "the hub has not let this machine in" : "the hub is away"
        return "\(what) since \(Timestamp.text(away.since * 1_000_000_000))"
    }
}
