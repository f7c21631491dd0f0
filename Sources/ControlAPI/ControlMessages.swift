/// The state of a client, in words that scripts rely on (DESIGN §9).
package enum ClientState: String, Codable, Sendable, CaseIterable {
    case inSync = "in-sync"
    case syncing, paused, offline, held, blocked, revoked
}

/// What a client is.
package enum ClientKind: String, Codable, Sendable { case agent, sftp }

/// `GET /v1/status`.
package struct StatusResponse: Codable, Hashable, Sendable {
    package struct Hub: Codable, Hashable, Sendable {
        package var name: String
        package var version: String
        package var seq: Int64
        /// Live files, without directories and symlinks.
        package var files: Int64
        package var bytes: Int64
        /// Absolute path of the share.
        package var share: String
        package init(name: String, version: String, seq: Int64, files: Int64, bytes: Int64, share: String) {
            self.name = name
            self.version = version
            self.seq = seq
            self.files = files
            self.bytes = bytes
            self.share = share
        }
    }
    package struct Unsynced: Codable, Hashable, Sendable {
        package var up: Int
        package var down: Int
        package var bytes: Int64
        package init(up: Int, down: Int, bytes: Int64) {
            self.up = up
            self.down = down
            self.bytes = bytes
        }
    }
    package struct Client: Codable, Hashable, Sendable {
        package var name: String
        package var kind: ClientKind
        package var state: ClientState
        package var cursor: Int64
        /// Changes that it has yet to apply.
        package var behind: Int64
        package var unsynced: Unsynced
        /// RFC 3339 UTC; nil if it was never seen.
        package var lastSeen: String?
        /// RFC 3339 UTC, only while paused with an end.
        package var pausedUntil: String?
        package init(
            name: String, kind: ClientKind, state: ClientState, cursor: Int64, behind: Int64, unsynced: Unsynced,
            lastSeen: String?, pausedUntil: String?
        ) {
            self.name = name
            self.kind = kind
            self.state = state
            self.cursor = cursor
            self.behind = behind
            self.unsynced = unsynced
            self.lastSeen = lastSeen
            self.pausedUntil = pausedUntil
        }
    }
    package var hub: Hub
    package var clients: [Client]
    /// Open conflicts.
    package var conflicts: Int
    package init(hub: Hub, clients: [Client], conflicts: Int) {
        self.hub = hub
        self.clients = clients
        self.conflicts = conflicts
    }
}

/// `GET /v1/clients`: an array of these, by name.
package struct ClientMessage: Codable, Hashable, Sendable {
    package var name: String
    package var kind: ClientKind
    package var role: String
    package var state: ClientState
    /// `SHA256:…` of its key; nil while invited only.
    package var fingerprint: String?
    package var since: String
    package var lastSeen: String?
    package init(
        name: String, kind: ClientKind, role: String, state: ClientState, fingerprint: String?, since: String,
        lastSeen: String?
    ) {
        self.name = name
        self.kind = kind
        self.role = role
        self.state = state
        self.fingerprint = fingerprint
        self.since = since
        self.lastSeen = lastSeen
    }
}

/// `GET /v1/unsynced?client=NAME`: an array of these, by client and path.
package struct UnsyncedMessage: Codable, Hashable, Sendable {
    package var client: String
    package var path: String
    /// Base64 of the path's bytes, when they are not plain UTF-8.
    package var pathB64: String?
    package var direction: Direction
    package var bytes: Int64
    package var reason: String
    package init(
        client: String, path: String, pathB64: String?, direction: Direction, bytes: Int64, reason: String
    ) {
        self.client = client
        self.path = path
        self.pathB64 = pathB64
        self.direction = direction
        self.bytes = bytes
        self.reason = reason
    }
}

/// `POST /v1/why`, and any other request about one path (escaped, relative to the share).
package struct PathRequest: Codable, Hashable, Sendable {
    package var path: String
    package init(path: String) { self.path = path }
}

/// Why a path is, or is not, the same everywhere: one sentence, and one for each client where it differs.
package struct WhyResponse: Codable, Hashable, Sendable {
    package struct OnClient: Codable, Hashable, Sendable {
        package var client: String
        package var synced: Bool
        package var reason: String
        package init(client: String, synced: Bool, reason: String) {
            self.client = client
            self.synced = synced
            self.reason = reason
        }
    }
    package var path: String
    package var synced: Bool
    package var sentence: String
    package var clients: [OnClient]
    package init(path: String, synced: Bool, sentence: String, clients: [OnClient]) {
        self.path = path
        self.synced = synced
        self.sentence = sentence
        self.clients = clients
    }
}

/// `POST /v1/wait`: answered when the clients are in sync, or when `timeout` seconds (at most 3,600; asked again for more) are over.
package struct WaitRequest: Codable, Hashable, Sendable {
    /// Escaped; nil for everything.
    package var path: String?
    /// Nil for every client that is neither paused nor revoked.
    package var on: [String]?
    /// Seconds.
    package var timeout: Int
    package init(path: String?, on: [String]?, timeout: Int) {
        self.path = path
        self.on = on
        self.timeout = timeout
    }
}

/// Whether everybody is in sync, and who is not, with a reason.
package struct WaitResponse: Codable, Hashable, Sendable {
    package struct Waiting: Codable, Hashable, Sendable {
        package var client: String
        package var reason: String
        package init(client: String, reason: String) {
            self.client = client
            self.reason = reason
        }
    }
    package var inSync: Bool
    package var seq: Int64
    package var waiting: [Waiting]
    package init(inSync: Bool, seq: Int64, waiting: [Waiting]) {
        self.inSync = inSync
        self.seq = seq
        self.waiting = waiting
    }
}

/// `GET /v1/log?after=SEQ&limit=N&wait=S`: an array of these, oldest first. Without `after`: the newest `limit`.
package struct LogMessage: Codable, Hashable, Sendable {
    package var seq: Int64
    /// RFC 3339 UTC.
    package var at: String
    package var client: String
    /// `create`, `edit`, `move`, `delete`, `revive`.
    package var change: String
    package var path: String
    package var pathB64: String?
    /// Where it was before a move.
    package var from: String?
    package var kind: String
    package var bytes: Int64
    package init(
        seq: Int64, at: String, client: String, change: String, path: String, pathB64: String?, from: String?,
        kind: String, bytes: Int64
    ) {
        self.seq = seq
        self.at = at
        self.client = client
        self.change = change
        self.path = path
        self.pathB64 = pathB64
        self.from = from
        self.kind = kind
        self.bytes = bytes
    }
}

/// `GET /v1/conflicts`: an array of these, oldest first: open conflicts only.
package struct ConflictMessage: Codable, Hashable, Sendable {
    package var path: String
    package var pathB64: String?
    package var copy: String
    package var copyB64: String?
    package var client: String
    package var at: String
    package init(path: String, pathB64: String?, copy: String, copyB64: String?, client: String, at: String) {
        self.path = path
        self.pathB64 = pathB64
        self.copy = copy
        self.copyB64 = copyB64
        self.client = client
        self.at = at
    }
}

/// `GET /v1/paths`: what lies where, in the order of showing.
package struct PathsResponse: Codable, Hashable, Sendable {
    package struct Entry: Codable, Hashable, Sendable {
        package var what: String
        package var path: String
        package init(what: String, path: String) {
            self.what = what
            self.path = path
        }
    }
    package var paths: [Entry]
    package init(paths: [Entry]) { self.paths = paths }
}

/// `POST /v1/invite`.
package struct InviteRequest: Codable, Hashable, Sendable {
    package var client: String
    package var admin: Bool?
    /// A device that only speaks SFTP; needs `key`.
    package var sftpOnly: Bool?
    /// One OpenSSH public key line.
    package var key: String?
    /// Seconds that the invite is good for; an hour if not given.
    package var valid: Int?
    package init(client: String, admin: Bool = false, sftpOnly: Bool = false, key: String? = nil, valid: Int? = nil) {
        self.client = client
        self.admin = admin ? true : nil
        self.sftpOnly = sftpOnly ? true : nil
        self.key = key
        self.valid = valid
    }
}

/// The invite as it is handed to a person: one line of JSON (DESIGN §9).
package struct InviteMessage: Codable, Hashable, Sendable {
    package struct Host: Codable, Hashable, Sendable {
        package var host: String
        package var port: Int
        package init(host: String, port: Int) {
            self.host = host
            self.port = port
        }
    }
    package var v: Int
    package var hub: String
    package var client: String
    package var hosts: [Host]
    package var user: String
    /// `ssh-ed25519 AAAA…`.
    package var hostKey: String
    /// The one-time private key, in OpenSSH's format. It opens the tunnel to the API; the SHA-256 (hex) of
    /// `synchub-invite\n` followed by this text is the bearer token for ``JoinRequest``.
    package var key: String
    /// RFC 3339 UTC.
    package var expires: String
    /// The port of the control API behind the tunnel, on 127.0.0.1.
    package var apiPort: Int
    package init(
        hub: String, client: String, hosts: [Host], user: String, hostKey: String, key: String, expires: String,
        apiPort: Int
    ) {
        v = 1
        self.hub = hub
        self.client = client
        self.hosts = hosts
        self.user = user
        self.hostKey = hostKey
        self.key = key
        self.expires = expires
        self.apiPort = apiPort
    }
}

/// The answer to `invite`: the invite for an agent; for an SFTP-only device how it connects.
package struct InviteResponse: Codable, Hashable, Sendable {
    package struct Connection: Codable, Hashable, Sendable {
        package var user: String
        package var hosts: [InviteMessage.Host]
        package var fingerprint: String
        package init(user: String, hosts: [InviteMessage.Host], fingerprint: String) {
            self.user = user
            self.hosts = hosts
            self.fingerprint = fingerprint
        }
    }
    package var invite: InviteMessage?
    package var sftp: Connection?
    package init(invite: InviteMessage?, sftp: Connection?) {
        self.invite = invite
        self.sftp = sftp
    }
}

/// `POST /v1/revoke`, `/v1/pause`, `/v1/resume`: one client by name, or `all` (not for revoke).
package struct ClientRequest: Codable, Hashable, Sendable {
    package var client: String?
    package var all: Bool?
    /// How long to pause, in seconds; nil until resumed.
    package var seconds: Int64?
    package init(client: String?, all: Bool = false, seconds: Int64? = nil) {
        self.client = client
        self.all = all ? true : nil
        self.seconds = seconds
    }
}

/// The clients that a request touched.
package struct ClientsTouchedResponse: Codable, Hashable, Sendable {
    package var clients: [String]
    package init(clients: [String]) { self.clients = clients }
}

/// `{}`.
package struct EmptyResponse: Codable, Hashable, Sendable {
    package init() {}
}
