internal import ControlAPI
internal import Journal
internal import Settings
import SyncCore

/// `clients.json`: who may come in, beside the journal, so that a journal which is lost takes nobody's key with it. Mode 0600;
/// it holds no token, only their hashes.
struct ClientsFile: Codable, Hashable {
    /// One client.
    struct Client: Codable, Hashable {
        var name: String
        /// `agent` or `sftp`.
        var kind: String
        /// `admin`, `member` or `read-only`.
        var role: String
        var publicKey: String
        /// SHA-256, hex.
        var tokenHash: String?
        /// Unix seconds.
        var createdAt: Int64
        var paused: Bool
        /// Unix seconds; nil until it is resumed.
        var pausedUntil: Int64?
        /// Where the part of the share that it maps is now: escaped; nil for all of the share.
        var subtree: String?
        /// How fast bytes of its files may move; nil for no limit.
        var limits: LimitsMessage?
        private enum CodingKeys: String, CodingKey {
            case name, kind, role, publicKey = "public_key", tokenHash = "token_hash", createdAt = "created_at"
            case paused, pausedUntil = "paused_until", subtree, limits
        }
    }
    /// Of this form.
    var v = 1
    /// By name.
    var clients: [Client]

    init(_ credentials: [ClientCredential]) { clients = credentials.map(Client.init) }

    var text: [UInt8] { WireFormat.encode(self) + [UInt8(ascii: "\n")] }

    /// - Throws: `SettingsError` for a file that cannot be read, or that others can; `WireError` for what is in it.
    static func read(_ path: String) throws -> [ClientCredential] {
        try WireFormat.decode(ClientsFile.self, from: try Secrets.read(path, limit: 16 << 20)).clients.map {
            try $0.credential()
        }
    }

    func write(to path: String) throws { try Secrets.write(text, to: path) }
}

extension ClientsFile.Client {
    init(_ credential: ClientCredential) {
        name = credential.name
        kind = credential.kind.rawValue
        role = credential.role.rawValue
        publicKey = credential.publicKey
        tokenHash = credential.tokenHash.map { $0.map(Escaping.hex).joined() }
        createdAt = credential.createdAt
        subtree = credential.subtree.map { Escaping.text($0.bytes) }
        limits = LimitsMessage.unlessOff(up: credential.limitUp, down: credential.limitDown)
        switch credential.pause {
        case nil: (paused, pausedUntil) = (false, nil)
        case .untilResumed: (paused, pausedUntil) = (true, nil)
        case .until(let end): (paused, pausedUntil) = (true, end)
        }
    }

    /// - Throws: ``WireError`` that names the field that is wrong.
    func credential() throws(WireError) -> ClientCredential {
        guard let kind = ClientRecord.Kind(rawValue: kind) else {
            throw .badValue(field: "kind", reason: "must be 'agent' or 'sftp'")
        }
        guard let role = ClientRecord.Role(rawValue: role) else {
            throw .badValue(field: "role", reason: "must be 'admin', 'member' or 'read-only'")
        }
        var hash: [UInt8]?
        if let tokenHash {
            guard let digest = Digest(hex: tokenHash) else {
                throw .badValue(field: "token_hash", reason: "must be 64 hexadecimal digits")
            }
            hash = digest.bytes
        }
        let pause: ClientRecord.Pause? = paused ? pausedUntil.map { .until($0) } ?? .untilResumed : nil
        let part = try subtree.map { text throws(WireError) in try wirePath(text, field: "subtree") }
        let limits = try limits?.timetables() ?? (.off, .off)
        return ClientCredential(
            name: name, kind: kind, role: role, publicKey: publicKey, tokenHash: hash, createdAt: createdAt,
            pause: pause, subtree: part, limitUp: limits.0, limitDown: limits.1)
    }
}

extension HubDesk {
    /// Writes ``ClientsFile`` if it would say something else than before. What cannot be written is told and tried again, and stops
    /// nothing: the journal has it.
    func keepClientsFile() {
        do {
            // The journal may not have been told of everybody who has left.
            let file = ClientsFile(try journal.credentials().filter { gate.leaving[$0.name] == nil })
            if file != keptClients { try file.write(to: layout.clients) }
            keptClients = file
            gate.isClientsFileBehind = false
        } catch {
            if !gate.isClientsFileBehind { hubLog.warning("clients_not_kept", ["reason": "\(error)"]) }
            gate.isClientsFileBehind = true
            planGateRetry()
        }
    }
}
