import ControlAPI
import SyncCore

extension WhyResponse: Readable {
    func text(_ appearance: Appearance) -> String {
        let sentence = appearance.styled(SafeText.name(sentence), synced ? .good : .warning)
        let differing = clients.filter { !$0.synced }
        if differing.isEmpty { return sentence + "\n" }
        let rows = differing.map { [Table.Cell(""), Table.Cell($0.client, .heading), Table.Cell($0.reason)] }
        let table = Table(columns: [.init(""), .init(""), .init("")], rows: rows, hasHeading: false)
        return sentence + "\n" + table.text(appearance)
    }
}

extension WaitResponse: Readable {
    func text(_ appearance: Appearance) -> String {
        if inSync { return appearance.styled("in sync", .good) + " at change \(seq)\n" }
        if waiting.isEmpty { return "not in sync\n" }
        let rows = waiting.map { [Table.Cell($0.client, .heading), Table.Cell($0.reason)] }
        return Table(columns: [.init(""), .init("")], rows: rows, hasHeading: false).text(appearance)
    }
}

extension InviteMessage: Readable {
    /// The line itself: what `syncagent join` takes.
    func text(_ appearance: Appearance) -> String { json }
}

extension InviteResponse.Connection: Readable {
    func text(_ appearance: Appearance) -> String {
        let lines = hosts.map { "sftp -P \($0.port) \(SafeText.name(user))@\(address($0.host))\n" }
        return lines.joined() + "host key  \(SafeText.name(fingerprint))\n"
    }

    /// sftp takes an IPv6 address in brackets only.
    private func address(_ host: String) -> String {
        let host = SafeText.name(host)
        return host.contains(":") ? "[\(host)]" : host
    }
}

/// What `pause`, `resume`, `limit` and `revoke` did, and to whom.
struct Touched: Readable {
    enum Deed: Sendable {
        case paused(seconds: Int64?)
        case resumed, revoked
        /// Timetables as text; nil for a direction that stays as it was.
        case limited(up: String?, down: String?)
    }
    var deed: Deed
    var clients: [String]

    func encode(to encoder: any Encoder) throws {
        try ClientsTouchedResponse(clients: clients).encode(to: encoder)
    }

    func text(_ appearance: Appearance) -> String {
        let names = clients.map(SafeText.name).joined(separator: ", ")
        switch deed {
        case .paused where clients.isEmpty: return "there is no client to pause\n"
        case .paused(let seconds?): return "paused for \(Figures.duration(seconds)): \(names)\n"
        case .paused: return "paused until resumed: \(names)\n"
        case .resumed where clients.isEmpty: return "no client was paused\n"
        case .resumed: return "resumed: \(names)\n"
        case .limited where clients.isEmpty: return "there is no client to limit\n"
        case .limited(let up, let down):
            let limits = [up.map { "up \($0)" }, down.map { "down \($0)" }].compactMap { $0 }.joined(separator: ", ")
            return "limited to \(SafeText.name(limits)): \(names)\n"
        case .revoked: return "revoked: \(names); its key and token open nothing any more\n"
        }
    }
}
