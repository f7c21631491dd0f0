import ControlAPI
import SyncCore

extension StatusResponse: Readable {
    func text(_ appearance: Appearance) -> String {
        hub.text(appearance) + "\n" + clients.text(appearance) + "\n" + reasonLines(appearance) + heldLine(appearance)
            + conflictLine(appearance)
    }

    private func reasonLines(_ appearance: Appearance) -> String {
        let lines = clients.flatMap { client in
            let name = SafeText.name(client.name)
            let reason = client.reason.map { reason in
                let state = client.state.rawValue
                // A sentence that begins with the word says it once.
                let rest = reason.hasPrefix(state) ? String(reason.dropFirst(state.count)) : ": \(reason)"
                return "\(name): \(appearance.styled(state, client.state.style))\(SafeText.name(rest))\n"
            }
            let refused = client.refused.map { reason in
                "\(name): \(appearance.styled("refused", .bad)): \(SafeText.name(reason))\n"
            }
            let limited = client.limits.map { limits in
                "\(name): limited to up \(SafeText.name(limits.up)), down \(SafeText.name(limits.down))\n"
            }
            let progress = client.progress.map { "\(name): \($0.text)\n" }
            return [reason, progress, refused, limited].compactMap { $0 }
        }
        return lines.isEmpty ? "" : lines.joined() + "\n"
    }

    private func heldLine(_ appearance: Appearance) -> String {
        guard let held, held > 0 else { return "" }
        let count = "\(held) held batch\(held == 1 ? "" : "es")"
        return appearance.styled(count, .bad) + " of deletions or rewrites; `syncctl held` lists what waits for you\n"
    }

    private func conflictLine(_ appearance: Appearance) -> String {
        if conflicts == 0 { return "no open conflicts\n" }
        let count = Figures.count(Int64(conflicts), "open conflict")
        return appearance.styled(count, .warning) + "; `syncctl conflicts` lists \(conflicts == 1 ? "it" : "them")\n"
    }
}

extension StatusResponse.Hub {
    fileprivate func text(_ appearance: Appearance) -> String {
        let name = appearance.styled(SafeText.name(name), .heading)
        let held = "\(Figures.count(files, "file")), \(Figures.bytes(bytes))"
        let state = blocked.map { appearance.styled("blocked", .bad) + ": \(SafeText.name($0))\n" } ?? ""
        return "\(name)  \(held), change \(seq)  (synchub \(SafeText.name(version)))\nshare  \(SafeText.name(share))\n"
            + state
    }
}

extension StatusResponse.Client: Listed {
    static var columns: [Table.Column] {
        [
            .init("CLIENT"), .init("KIND"), .init("STATE"), .init("BEHIND", .right), .init("UP", .right),
            .init("DOWN", .right), .init("TO MOVE", .right), .init("LAST SEEN"),
        ]
    }
    static var none: String { "no clients yet; `syncctl invite NAME` makes an invite for one" }

    func cells(_ appearance: Appearance) -> [Table.Cell] {
        [
            .init(name), .init("\(kind.rawValue)"), .init(stateText, state.style(of: kind)), figure(behind),
            figure(Int64(unsynced.up)), figure(Int64(unsynced.down)),
            unsynced.bytes == 0 ? .init("-", .quiet) : .init(Figures.bytes(unsynced.bytes)),
            .init(state.lastSeen(lastSeen, of: kind, appearance), .quiet),
        ]
    }

    private var stateText: String {
        let mode = mode.map { " (\($0))" } ?? ""
        guard state == .paused else { return state.text(of: kind) + mode }
        let since = pausedSince.map { " since \(Figures.time($0))" } ?? ""
        let until = pausedUntil.map { (since.isEmpty ? "" : ",") + " until \(Figures.time($0))" } ?? ""
        return "paused" + since + until + mode
    }

    private func figure(_ number: Int64) -> Table.Cell { number == 0 ? .init("-", .quiet) : .init("\(number)") }
}

extension ClientState {
    /// What only uses SFTP looks at the share itself, unseen by the hub: nothing of it can be in sync, or be late.
    private func isUnseen(_ kind: ClientKind) -> Bool { kind == .sftp && self == .inSync }

    func text(of kind: ClientKind) -> String { isUnseen(kind) ? "uses the share" : rawValue }

    func style(of kind: ClientKind) -> Style { isUnseen(kind) ? .quiet : style }

    func lastSeen(_ time: String?, of kind: ClientKind, _ appearance: Appearance) -> String {
        time == nil && isUnseen(kind) ? "-" : Figures.ago(time, appearance.now)
    }

    var style: Style {
        switch self {
        case .inSync: .good
        case .syncing, .merging: .busy
        case .paused: .warning
        case .offline: .quiet
        case .held, .blocked, .revoked: .bad
        }
    }
}
