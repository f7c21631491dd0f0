internal import ControlAPI
import Glibc
internal import HTTPServer
internal import Hashing
internal import Processes
import SyncCore
import Synchronization

/// Who may come in with a request, before its body is taken. On the server's thread.
final class Door: Sendable {
    let tokens = TokenTable()
    private let bodyLimit: Int
    private let uptime: @Sendable () -> Nanoseconds
    /// Who of this machine may be what the hub is for: by number of the user.
    private let users: Set<UInt32>
    private let peer: @Sendable (UInt16, UInt16) -> LoopbackPeer
    /// By client. The administrator's token has none: who has it may do everything.
    private let allowances = Mutex<[String: Allowance]>([:])

    /// - Parameters:
    ///   - bodyLimit: of those who are known, in bytes.
    ///   - uptime: of a clock that never goes back.
    ///   - users: who may have this hub's secrets on this machine; sessions of devices are the hub's own user's.
    ///   - peer: whose a connection is, by the ports of its two ends.
    init(
        bodyLimit: Int, uptime: @escaping @Sendable () -> Nanoseconds, users: Set<UInt32>,
        peer: @escaping @Sendable (UInt16, UInt16) -> LoopbackPeer = { LoopbackPeer(port: $0, server: $1) }
    ) {
        self.bodyLimit = bodyLimit
        self.uptime = uptime
        self.users = users
        self.peer = peer
    }

    /// The hub's own user, root, and whose the file with a secret is.
    static func users(of secret: String) -> Set<UInt32> {
        var status = stat()
        return Set([0, geteuid()] + (stat(secret, &status) == 0 ? [status.st_uid] : []))
    }

    /// Whether a connection may be `syncctl`'s here, or a device's through its session; where the kernel does not say, it may.
    /// - Parameters:
    ///   - peer: `127.0.0.1:PORT`.
    ///   - port: that it came to.
    func isOurs(_ peer: String, _ port: UInt16) -> Bool {
        guard let from = Door.peerPort(peer) else { return false }
        switch self.peer(from, port) {
        case .user(let user): return users.contains(user)
        case .gone: return false
        case .unknown: return true
        }
    }

    private static func port(_ address: String) -> UInt16? {
        address.lastIndex(of: ":").flatMap { UInt16(address[address.index(after: $0)...]) }
    }

    /// Of who comes from the one address that the kernel is asked about: all of 127.0.0.0/8 is anybody's here.
    private static func peerPort(_ address: String) -> UInt16? {
        address.hasPrefix("127.0.0.1:") ? port(address) : nil
    }

    /// Shows who asks before sending a secret that this is the hub, see ``SecretProof``. Only to who may be ours: whoever stands between,
    /// another user of this machine, would have the answer that he cannot give.
    private func prove(_ request: HTTPRequest) -> HTTPAdmission {
        let unknown = HTTPAdmission.stranger(.refusal(HubDesk.unauthorized))
        guard let id = request.query("id"), let nonce = request.query("nonce"), SecretProof.isNonce(nonce),
            let proof = tokens.proof(id), let port = request.headers["host"].flatMap(Door.port),
            isOurs(request.peer, port)
        else { return unknown }
        // Who was revoked is shown it too: he believes that he was when the hub says it, and nobody else.
        return .answered(.json(proof.answer(to: nonce)))
    }

    /// Of a join, in bytes: a key, and the path of a part.
    static let joinLimit = 128 << 10

    /// - Parameter request: its head; the body is not here yet.
    func admit(_ request: HTTPRequest) -> HTTPAdmission {
        if request.method == "GET", request.path == SecretProof.path { return prove(request) }
        let isJoin = request.method == Route.join.method && request.path == Route.join.path
        switch tokens.holder(of: request.bearerToken) {
        case .invite(let name) where isJoin:
            return .admitted(HTTPParty("invite \(name)", bodyLimit: Door.joinLimit))
        case .administrator where !isJoin: return .admitted(HTTPParty("administrator", bodyLimit: bodyLimit))
        case .client(let name) where !isJoin:
            if let seconds = rest(of: name, request) { return .refused(Door.wait(seconds)) }
            return .admitted(HTTPParty("client \(name)", bodyLimit: bodyLimit))
        case .revoked where !isJoin: return .refused(.refusal(HubDesk.revoked))
        default:
            // Nothing tells whether the token was missing, malformed, unknown or for something else.
            return .stranger(.refusal(isJoin ? HubDesk.inviteUsed : HubDesk.unauthorized))
        }
    }

    /// - Returns: the seconds after which the client may ask for that; nil for now.
    private func rest(of name: String, _ request: HTTPRequest) -> Double? {
        // What is nowhere costs as little as anything.
        let route = try? Route.find(method: request.method, path: request.path).get()
        let length = request.headers["content-length"].flatMap { Int($0) } ?? 0
        let units = (route ?? .paths).units(body: length)
        let now = Double(uptime()) / 1e9
        let seconds = allowances.withLock { $0[name, default: Allowance(at: now)].take(units, at: now) }
        if let seconds {
            hubLog.debug("put_off", ["client": name, "asked": route?.path ?? "nothing", "for": "\(seconds) s"])
        }
        return seconds
    }

    /// What was left of each client's allowance when least was: for whoever asks whether the figures fit.
    func tellAllowances() {
        for (name, allowance) in allowances.withLock({ $0 }) {
            hubLog.debug("allowance", ["client": name, "least": Int(allowance.least), "most": Int(Allowance.most)])
        }
    }

    /// It is no failure: an agent waits, and sends the same again.
    private static func wait(_ seconds: Double) -> HTTPResponse {
        var response = HTTPResponse.refusal(
            ErrorMessage(
                .tooMany, "this client asks for more than the hub does for one; wait as long as Retry-After says"))
        response.headers["Retry-After"] = "\(max(1, Int(seconds.rounded(.up))))"
        return response
    }
}

extension HubDesk {
    /// Tells the server's thread whose each secret is. To be called whenever that has changed, before anybody is told so.
    func tellDoor() {
        var entries: [(hash: [UInt8], holder: TokenTable.Holder)] = [(adminTokenHash, .administrator)]
        entries += revokedTokens.map { ($0, .revoked) }
        do { gate.tokens = try readTokens(journal) } catch {
            // What was known serves; at a start that is nobody.
            gate.isBehindJournal = true
            planGateRetry()
            hubLog.error("tokens_not_read", ["reason": "\(error)"])
        }
        entries += gate.tokens.filter { clients[$0.client]?.record.revokedAt == nil && gate.leaving[$0.client] == nil }
            .map { ($0.hash, .client($0.client)) }
        entries += gate.invites.map { ($0.secretHash, .invite($0.client)) }
        door.tokens.replace(entries)
    }
}
