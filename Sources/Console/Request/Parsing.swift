import Arguments
import ControlAPI
import SyncCore

extension Errand {
    /// - Throws: ``Failure/wrongUsage(_:)`` for what only the whole line shows.
    init(_ invocation: Invocation) throws(Failure) {
        request = try Request(invocation)
        asJSON = invocation.has("json")
        root = try Errand.directory(invocation, "root")
        home = try Errand.directory(invocation, "home")
        if root != nil, home != nil { throw .wrongUsage("give --root for a hub or --home for an agent, not both") }
    }

    private static func directory(_ invocation: Invocation, _ name: String) throws(Failure) -> [UInt8]? {
        let bytes = invocation.bytes(name)
        if bytes?.isEmpty == true { throw .wrongUsage("--\(name) needs the name of a directory, not an empty one") }
        return bytes
    }
}

extension Request {
    fileprivate init(_ invocation: Invocation) throws(Failure) {
        switch invocation.command {
        case "status": self = .status
        case "clients": self = .clients
        case "unsynced": self = .unsynced(invocation.text("NAME"))
        case "why": self = .why(path: invocation.bytes("PATH") ?? [])
        case "log": self = .log(try LogRequest(invocation))
        case "history":
            self = .history(
                path: invocation.bytes("PATH") ?? [],
                limit: try entries(invocation, most: Int64(HistoryRequest.most)) ?? Int64(HistoryRequest.most))
        case "conflicts": self = .conflicts
        case "paths": self = .paths
        case "held": self = .held
        case "approve": self = .decide(try batch(invocation), isApproved: true)
        case "reject": self = .decide(try batch(invocation), isApproved: false)
        case "invite": self = .invite(try Invitation(invocation))
        case "revoke": self = .revoke(invocation.text("NAME") ?? "")
        case "pause": self = .pause(try Chosen(invocation), seconds: try positive(invocation, "for"))
        case "resume": self = .resume(try Chosen(invocation))
        case "limit":
            self = .limit(
                try Chosen(invocation), up: try timetable(invocation, "up"), down: try timetable(invocation, "down"))
            if !invocation.has("up"), !invocation.has("down") {
                throw .wrongUsage("give --up, --down or both, such as --up 512k; `syncctl status` shows what holds")
            }
        case "wait":
            self = .wait(
                WaitFor(
                    path: invocation.bytes("PATH"), on: invocation.list("on"), timeout: invocation.seconds("timeout")))
        default: preconditionFailure("'\(invocation.command)' is declared but not built")
        }
    }
}

extension Request.LogRequest {
    fileprivate init(_ invocation: Invocation) throws(Failure) {
        follow = invocation.has("follow")
        // More than a person reads.
        limit = try entries(invocation, most: 1_000) ?? limit
    }
}

private func entries(_ invocation: Invocation, most: Int64) throws(Failure) -> Int64? {
    guard let limit = invocation.count("limit") else { return nil }
    if !(1...most).contains(limit) { throw .wrongUsage("--limit takes a number from 1 to \(most)") }
    return limit
}

extension Request.Chosen {
    fileprivate init(_ invocation: Invocation) throws(Failure) {
        switch (invocation.text("NAME"), invocation.has("all")) {
        case (let name?, false): self = .one(name)
        case (nil, true): self = .all
        case (nil, false): throw .wrongUsage("'\(invocation.command)' needs the name of a client, or --all")
        case (_?, true): throw .wrongUsage("give a name or --all, not both")
        }
    }
}

extension Request.Invitation {
    fileprivate init(_ invocation: Invocation) throws(Failure) {
        client = invocation.text("NAME") ?? ""
        kind = try Request.Invitation.kind(invocation)
        valid = try positive(invocation, "valid")
        subtree = invocation.bytes("subtree")
        isReadOnly = invocation.has("read-only")
        if isReadOnly, kind == .admin {
            throw .wrongUsage("--read-only does not go with --admin: who steers the hub can let itself write")
        }
        if valid != nil, invocation.has("sftp-only") {
            throw .wrongUsage("--valid does not go with --sftp-only: its key is good until it is revoked")
        }
        out = invocation.bytes("out")
        if out != nil, case .sftpOnly = kind {
            throw .wrongUsage(
                "--out is for a secret, and the device has its key already; without --key give --make-key")
        }
        if out == nil, kind == .sftpOnlyWithNewKey, invocation.has("json") {
            throw .wrongUsage("--json shows no secret: with --make-key it needs --out FILE")
        }
    }

    private static func kind(_ invocation: Invocation) throws(Failure) -> Kind {
        if invocation.has("make-key") {
            guard invocation.has("sftp-only"), invocation.bytes("key") == nil, !invocation.has("admin") else {
                throw .wrongUsage("--make-key goes with --sftp-only, and neither with --key nor with --admin")
            }
            return .sftpOnlyWithNewKey
        }
        switch (invocation.has("sftp-only"), invocation.bytes("key"), invocation.has("admin")) {
        case (false, nil, let isAdmin): return isAdmin ? .admin : .agent
        case (true, let key?, false): return .sftpOnly(keyFile: key)
        case (true, nil, _):
            throw .wrongUsage("--sftp-only needs --key FILE with the public key of the device, or --make-key")
        case (false, _?, _): throw .wrongUsage("--key goes with --sftp-only; an agent makes its own key when it joins")
        case (true, _, true): throw .wrongUsage("--admin does not go with --sftp-only: SFTP cannot steer the hub")
        }
    }
}

private func batch(_ invocation: Invocation) throws(Failure) -> Int64 {
    let text = invocation.text("ID") ?? ""
    guard let id = Int64(text), id > 0 else {
        throw .wrongUsage("'\(text)' is no number of a batch; `syncctl held` lists them")
    }
    return id
}

private func timetable(_ invocation: Invocation, _ name: String) throws(Failure) -> String? {
    guard let text = invocation.text(name) else { return nil }
    do throws(TimetableError) { return "\(try Timetable(text))" } catch { throw .wrongUsage("--\(name): \(error)") }
}

/// A span of time that is not none.
private func positive(_ invocation: Invocation, _ name: String) throws(Failure) -> Int64? {
    let seconds = invocation.seconds(name)
    if seconds == 0 { throw .wrongUsage("--\(name) takes a time longer than none, such as 30s, 15m or 2h") }
    return seconds
}
