/// The state of a client, in words that scripts rely on (DESIGN §9).
package enum ClientState: String, Codable, Sendable, CaseIterable {
    case inSync = "in-sync"
    /// Everything is being compared, since what was agreed before does not hold any more (DESIGN §4.7).
    case merging
    case syncing, paused, offline, held, blocked, revoked
}

/// What a client is.
package enum ClientKind: String, Codable, Sendable { case agent, sftp }

/// `GET /v1/status`.
package struct StatusResponse: Codable, Hashable, Sendable {
    /// The hub and its share.
    package struct Hub: Codable, Hashable, Sendable {
        /// How the hub calls itself, as `init` was told.
        package var name: String
        /// Of the program that answers.
        package var version: String
        /// The journal's head.
        package var seq: Int64
        /// Live files, without directories and symlinks.
        package var files: Int64
        /// Of all live files together.
        package var bytes: Int64
        /// Absolute path of the share.
        package var share: String
        /// Why the hub takes nothing in (its share is not there), as a sentence; nil while it does.
        package var blocked: String?
        package init(
            name: String, version: String, seq: Int64, files: Int64, bytes: Int64, share: String,
            blocked: String? = nil
        ) {
            self.name = name
            self.version = version
            self.seq = seq
            self.files = files
            self.bytes = bytes
            self.share = share
            self.blocked = blocked
        }
    }
    /// What waits in each direction.
    package struct Unsynced: Codable, Hashable, Sendable {
        /// Paths that are to be sent.
        package var up: Int
        /// Paths that are to come.
        package var down: Int
        /// To move at most, both directions together.
        package var bytes: Int64
        package init(up: Int, down: Int, bytes: Int64) {
            self.up = up
            self.down = down
            self.bytes = bytes
        }
    }
    /// One client.
    package struct Client: Codable, Hashable, Sendable {
        /// Unique at the hub.
        package var name: String
        /// An agent, or a device that only speaks SFTP.
        package var kind: ClientKind
        /// The one word for how it is doing.
        package var state: ClientState
        /// Why it is so, as a sentence; nil where the word says all.
        package var reason: String?
        /// Another machine that says to be this client is turned away: what to do, as a sentence; nil if there is none.
        package var refused: String?
        /// The `seq` up to which everything is on its disk.
        package var cursor: Int64
        /// Changes that it has yet to apply.
        package var behind: Int64
        /// Zeros when nothing waits.
        package var unsynced: Unsynced
        /// RFC 3339 UTC; nil if it was never seen.
        package var lastSeen: String?
        /// RFC 3339 UTC, only while paused with an end.
        package var pausedUntil: String?
        /// RFC 3339 UTC, only while paused; nil if that was not recorded.
        package var pausedSince: String?
        /// `send-only` or `receive-only`; nil for two-way, and as long as it has not said.
        package var mode: String?
        package init(
            name: String, kind: ClientKind, state: ClientState, reason: String? = nil, refused: String? = nil,
            cursor: Int64, behind: Int64, unsynced: Unsynced, lastSeen: String?, pausedUntil: String?,
            pausedSince: String? = nil, mode: String? = nil
        ) {
            self.name = name
            self.kind = kind
            self.state = state
            self.reason = reason
            self.refused = refused
            self.cursor = cursor
            self.behind = behind
            self.unsynced = unsynced
            self.lastSeen = lastSeen
            self.pausedUntil = pausedUntil
            self.pausedSince = pausedSince
            self.mode = mode
        }
    }
    /// The one that was asked, or asked for.
    package var hub: Hub
    /// By name, revoked ones too.
    package var clients: [Client]
    /// Open conflicts.
    package var conflicts: Int
    /// Batches that wait for a person.
    package var held: Int?
    package init(hub: Hub, clients: [Client], conflicts: Int, held: Int? = nil) {
        self.held = held
        self.hub = hub
        self.clients = clients
        self.conflicts = conflicts
    }
}

/// `GET /v1/clients`: an array of these, by name.
package struct ClientMessage: Codable, Hashable, Sendable {
    /// Unique at the hub.
    package var name: String
    /// An agent, or a device that only speaks SFTP.
    package var kind: ClientKind
    /// `member` or `admin`.
    package var role: String
    /// The one word for how it is doing.
    package var state: ClientState
    /// `SHA256:…` of its key; nil while invited only.
    package var fingerprint: String?
    /// When it joined: RFC 3339 UTC.
    package var since: String
    /// RFC 3339 UTC; nil if it was never seen.
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
    /// Where it waits, or for whom.
    package var client: String
    /// Escaped, relative to the share.
    package var path: String
    /// Base64 of the path's bytes, when they are not plain UTF-8.
    package var pathB64: String?
    /// From this client, or to it.
    package var direction: Direction
    /// To move at most.
    package var bytes: Int64
    /// For a person; no decision depends on its words.
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
    /// Escaped, relative to the share.
    package var path: String
    package init(path: String) { self.path = path }
}

/// Why a path is, or is not, the same everywhere: one sentence, and one for each client where it differs.
package struct WhyResponse: Codable, Hashable, Sendable {
    /// How one client has the path.
    package struct OnClient: Codable, Hashable, Sendable {
        /// Its name.
        package var client: String
        /// Whether it has what the hub has.
        package var synced: Bool
        /// For a person.
        package var reason: String
        package init(client: String, synced: Bool, reason: String) {
            self.client = client
            self.synced = synced
            self.reason = reason
        }
    }
    /// As it was asked for, readable.
    package var path: String
    /// Whether every client has what the hub has.
    package var synced: Bool
    /// The answer for a person, ready to be shown.
    package var sentence: String
    /// Those that differ.
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
    /// Somebody who is awaited.
    package struct Waiting: Codable, Hashable, Sendable {
        /// Its name.
        package var client: String
        /// For a person.
        package var reason: String
        package init(client: String, reason: String) {
            self.client = client
            self.reason = reason
        }
    }
    /// Whether the wait is over because everybody is.
    package var inSync: Bool
    /// The journal's head.
    package var seq: Int64
    /// By name; empty when everybody is in sync.
    package var waiting: [Waiting]
    package init(inSync: Bool, seq: Int64, waiting: [Waiting]) {
        self.inSync = inSync
        self.seq = seq
        self.waiting = waiting
    }
}

/// `GET /v1/log?after=SEQ&limit=N&wait=S`: an array of these, oldest first. Without `after`: the newest `limit`.
package struct LogMessage: Codable, Hashable, Sendable {
    /// Grows by one with each change.
    package var seq: Int64
    /// RFC 3339 UTC.
    package var at: String
    /// Whose change it was; `share` for what was found in the share.
    package var client: String
    /// `create`, `edit`, `move`, `delete`, `revive`.
    package var change: String
    /// Where the node was at that time, readable, relative to the share.
    package var path: String
    /// Base64 of the path's bytes, when they are not plain UTF-8.
    package var pathB64: String?
    /// Where it was before a move.
    package var from: String?
    /// `file`, `directory` or `symlink`.
    package var kind: String
    /// Of the content that the change left, or took away; 0 for all but files.
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

/// `GET /v1/held`: an array of these, oldest first: what waits for a person.
package struct HeldMessage: Codable, Hashable, Sendable {
    /// For `approve` and `reject`.
    package var id: Int64
    /// Whose changes they are; `share` for what was found in the share.
    package var client: String
    /// RFC 3339 UTC.
    package var at: String
    /// How many nodes would go.
    package var deletes: Int
    /// How many would get other bytes.
    package var rewrites: Int
    /// Creations and moves that hang on those.
    package var others: Int
    /// How many went or got other bytes before it could be told that there were so many; a rejection undoes that.
    package var passed: Int
    /// One path of them, readable, relative to the share.
    package var path: String
    /// Base64 of its bytes, when they are not plain UTF-8.
    package var pathB64: String?
    package init(
        id: Int64, client: String, at: String, deletes: Int, rewrites: Int, others: Int, passed: Int = 0, path: String,
        pathB64: String?
    ) {
        self.id = id
        self.client = client
        self.at = at
        self.deletes = deletes
        self.rewrites = rewrites
        self.others = others
        self.passed = passed
        self.path = path
        self.pathB64 = pathB64
    }
}

/// `POST /v1/approve` and `POST /v1/reject`.
package struct HeldRequest: Codable, Hashable, Sendable {
    /// As ``HeldMessage/id``.
    package var id: Int64
    package init(id: Int64) { self.id = id }
}

/// The answer: what was decided about.
package struct HeldResponse: Codable, Hashable, Sendable {
    /// As it was asked.
    package var id: Int64
    /// Whose changes they were.
    package var client: String
    /// How many were held.
    package var operations: Int
    /// Of a rejection: how many deletions and rewrites that had passed before were undone.
    package var restored: Int?
    /// And how many were not.
    package var left: Int?
    /// Some of those, each as a sentence; nil if there are none.
    package var examples: [String]?
    package init(
        id: Int64, client: String, operations: Int, restored: Int? = nil, left: Int? = nil, examples: [String]? = nil
    ) {
        self.id = id
        self.client = client
        self.operations = operations
        self.restored = restored
        self.left = left
        self.examples = examples
    }
}

/// `GET /v1/conflicts`: an array of these, oldest first: open conflicts only.
package struct ConflictMessage: Codable, Hashable, Sendable {
    /// What holds the name, readable, relative to the share.
    package var path: String
    /// Base64 of its bytes, when they are not plain UTF-8.
    package var pathB64: String?
    /// Where the one that came second lies, readable.
    package var copy: String
    /// Base64 of its bytes, when they are not plain UTF-8.
    package var copyB64: String?
    /// Whose the copy is.
    package var client: String
    /// When it was noticed: RFC 3339 UTC.
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
    /// One place.
    package struct Entry: Codable, Hashable, Sendable {
        /// In words, such as `share`.
        package var what: String
        /// Absolute, on the machine that answers.
        package var path: String
        package init(what: String, path: String) {
            self.what = what
            self.path = path
        }
    }
    /// In the order of showing.
    package var paths: [Entry]
    package init(paths: [Entry]) { self.paths = paths }
}

/// `POST /v1/invite`.
package struct InviteRequest: Codable, Hashable, Sendable {
    /// The name that it will have; it must be free.
    package var client: String
    /// True: it may invite, pause and revoke others.
    package var admin: Bool?
    /// A device that only speaks SFTP; needs `key`.
    package var sftpOnly: Bool?
    /// One OpenSSH public key line.
    package var key: String?
    /// Seconds that the invite is good for; an hour if not given.
    package var valid: Int?
    /// The part of the share that it may map: escaped, relative to the share. Nil for all.
    package var subtree: String?
    package init(
        client: String, admin: Bool = false, sftpOnly: Bool = false, key: String? = nil, valid: Int? = nil,
        subtree: String? = nil
    ) {
        self.client = client
        self.admin = admin ? true : nil
        self.sftpOnly = sftpOnly ? true : nil
        self.key = key
        self.valid = valid
        self.subtree = subtree
    }
}

/// The invite as it is handed to a person: one line of JSON (DESIGN §9).
package struct InviteMessage: Codable, Hashable, Sendable {
    /// Where the hub's SSH server is reached.
    package struct Host: Codable, Hashable, Sendable {
        /// A name or an address, IPv6 without brackets.
        package var host: String
        /// TCP.
        package var port: Int
        package init(host: String, port: Int) {
            self.host = host
            self.port = port
        }
    }
    /// The version of this message: 1.
    package var v: Int
    /// How the hub calls itself.
    package var hub: String
    /// The name that the new client will have.
    package var client: String
    /// Best first; at least one.
    package var hosts: [Host]
    /// To log in as.
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
    /// How an SFTP-only device connects.
    package struct Connection: Codable, Hashable, Sendable {
        /// To log in as.
        package var user: String
        /// Best first.
        package var hosts: [InviteMessage.Host]
        /// `SHA256:…` of the host key, to be compared by a person.
        package var fingerprint: String
        package init(user: String, hosts: [InviteMessage.Host], fingerprint: String) {
            self.user = user
            self.hosts = hosts
            self.fingerprint = fingerprint
        }
    }
    /// For an agent; nil for an SFTP-only device.
    package var invite: InviteMessage?
    /// For an SFTP-only device; nil for an agent.
    package var sftp: Connection?
    package init(invite: InviteMessage?, sftp: Connection?) {
        self.invite = invite
        self.sftp = sftp
    }
}

/// `POST /v1/revoke`, `/v1/pause`, `/v1/resume`: one client by name, or `all` (not for revoke).
package struct ClientRequest: Codable, Hashable, Sendable {
    /// Its name; nil with `all`.
    package var client: String?
    /// True, or left out.
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
    /// Names, sorted; without those that it did not concern.
    package var clients: [String]
    package init(clients: [String]) { self.clients = clients }
}

/// `{}`.
package struct EmptyResponse: Codable, Hashable, Sendable {
    package init() {}
}
