import SyncCore

/// `POST /v1/join`, authorised by the invite's secret (see ``InviteMessage``).
package struct JoinRequest: Codable, Hashable, Sendable {
    /// The agent's own key, as one OpenSSH public key line (`ssh-ed25519 AAAA…`).
    package var publicKey: String
    /// The part of the share that is to be mapped: escaped, relative to the share. Nil for what the invite allows.
    package var subtree: String?
    package init(publicKey: String, subtree: String? = nil) {
        self.publicKey = publicKey
        self.subtree = subtree
    }
}

/// What a new client is given. The invite stays good until the first ``HelloRequest`` with the token, so that an interrupted
/// join can be run again.
package struct JoinResponse: Codable, Hashable, Sendable {
    /// The name that the invite was made for.
    package var client: String
    /// The bearer token; the hub keeps a hash of it only.
    package var token: String
    /// The part of the share that it maps: escaped; nil for all.
    package var subtree: String?
    package init(client: String, token: String, subtree: String? = nil) {
        self.client = client
        self.token = token
        self.subtree = subtree
    }
}

/// `POST /v1/hello`: the first request on a connection.
package struct HelloRequest: Codable, Hashable, Sendable {
    /// Of the agent's program.
    package var version: String
    /// The random generation of the agent's index.
    package var generation: String
    /// Up to here this client has seen the journal's history, in pages or answers; nil when it has seen nothing.
    package var since: Int64?
    /// The chain value that was told for there; nil when it is not known.
    package var chain: String?
    /// The number that its next operation will have; nil when it does not say.
    package var next: Int64?
    /// Tells two machines apart that have the same key (a copied home): a digest in hex; nil when it does not say.
    package var machine: String?
    package init(
        version: String, generation: String, since: Int64? = nil, chain: String? = nil, next: Int64? = nil,
        machine: String? = nil
    ) {
        self.machine = machine
        self.version = version
        self.generation = generation
        self.since = since
        self.chain = chain
        self.next = next
    }
}

/// Who the hub is, and what this client may use.
package struct HelloResponse: Codable, Hashable, Sendable {
    /// How the hub calls itself.
    package var hub: String
    /// Of the hub's program.
    package var version: String
    /// This client's name there.
    package var client: String
    /// The journal's; what was agreed in another one does not hold.
    package var epoch: String
    /// The journal's `seq`.
    package var head: Int64
    /// Whether the journal's history contains what the client has received (``HelloRequest/since``). If not, it was set
    /// back: what was agreed does not hold, as in another epoch.
    package var known: Bool
    /// The client's index was set back: the hub has seen higher numbers of this generation than ``HelloRequest/next``, or that
    /// one. It has to take a new generation, and say hello with that; nothing else of the answer holds.
    package var setBack: Bool
    /// The highest `seq` of a tombstone that is gone: see ``ChangesResponse``.
    package var collected: Int64
    /// This client's staging directory, as SFTP sees it.
    package var staging: String
    /// The share, as SFTP sees it.
    package var share: String
    /// Operations in one commit at most.
    package var maxOperations: Int
    /// Nil unless a pause holds.
    package var paused: PauseMessage?
    /// Where the client's root lies below the share: escaped; nil for the share itself. It may change.
    package var subtree: String?
    /// True if another index of this client has reported before.
    package var otherIndex: Bool?
    package init(
        hub: String, version: String, client: String, epoch: String, head: Int64, known: Bool, setBack: Bool,
        collected: Int64, staging: String, share: String, maxOperations: Int, paused: PauseMessage?,
        subtree: String? = nil, otherIndex: Bool = false
    ) {
        self.hub = hub
        self.version = version
        self.client = client
        self.epoch = epoch
        self.head = head
        self.known = known
        self.setBack = setBack
        self.collected = collected
        self.staging = staging
        self.share = share
        self.maxOperations = maxOperations
        self.paused = paused
        self.subtree = subtree
        self.otherIndex = otherIndex ? true : nil
    }

    /// The epoch of a client that maps a part of the share: the journal's, and which directory stands for the part.
    package static func epoch(_ journal: String, part node: Int64) -> String { "\(journal)-\(node)" }

    /// Whether two epochs are of one journal, and differ at most in the part.
    package static func isOneJournal(_ one: String, _ other: String) -> Bool {
        one.prefix { $0 != "-" } == other.prefix { $0 != "-" }
    }
}

/// A pause: `until` is RFC 3339 UTC, nil for "until resumed".
package struct PauseMessage: Codable, Hashable, Sendable {
    /// The end; nil when only a person ends it.
    package var until: String?
    /// No person's doing: why nothing goes on, as a sentence.
    package var blocked: String?
    package init(until: String?, blocked: String? = nil) {
        self.until = until
        self.blocked = blocked
    }
}

/// `GET /v1/changes?since=N&wait=S&epoch=E&barrier=B&paused=P&collected=C`. Held open for at most `wait` seconds (60 at most) while there
/// is nothing after `since`, the client's newest known barrier is `barrier`, and the pause is as the client knows it (`paused`:
/// 0 or 1). `collected` is what the hub had collected (``HelloResponse/collected``) when the client began, or took its last
/// snapshot: if tombstones after that, which it has not seen, are gone, the answer is the error `snapshot_needed`.
package struct ChangesResponse: Codable, Hashable, Sendable {
    /// The journal's; an agent that knows another one begins anew.
    package var epoch: String
    /// Everything up to here is in `nodes` or was seen before: the next `since`. Not the head when a page was full.
    package var through: Int64
    /// The chain value of the history at `through`, in hex: what the next ``HelloRequest`` tells with it.
    package var chain: String?
    /// The journal's `seq`.
    package var head: Int64
    /// Nodes with their latest state, each once, by `seq`; tombstones too. Empty while paused.
    package var nodes: [NodeMessage]
    /// Nil unless a pause holds.
    package var paused: PauseMessage?
    /// Somebody waits for this client to report this number (see ``ReportRequest``); 0 if nobody ever did.
    package var barrier: Int64
    /// Late answers to operations of this client that were held, by ``LateOutcomeMessage/id``: those after the query's
    /// `late`, which are forgotten up to there. Nil when there are none.
    package var late: [LateOutcomeMessage]?
    /// Where the client's root lies below the share: see ``HelloResponse/subtree``.
    package var subtree: String?
    /// Contents that the share is to have and the hub does not: who has one offers it (`POST /v1/offer`). Some of them; nil when
    /// nothing is wanted.
    package var wanted: [ContentKey]?
    /// What the next query says as `wanted`, so that it is not told the same at once.
    package var wantedMark: Int64?
    package init(
        epoch: String, through: Int64, chain: String? = nil, head: Int64, nodes: [NodeMessage], paused: PauseMessage?,
        barrier: Int64, late: [LateOutcomeMessage]? = nil, wanted: [ContentKey]? = nil, wantedMark: Int64? = nil,
        subtree: String? = nil
    ) {
        self.wanted = wanted
        self.wantedMark = wantedMark
        self.epoch = epoch
        self.through = through
        self.chain = chain
        self.head = head
        self.nodes = nodes
        self.paused = paused
        self.barrier = barrier
        self.late = late
        self.subtree = subtree
    }
}

/// Bytes by their name.
package struct ContentKey: Codable, Hashable, Sendable {
    /// Hex.
    package var sha256: String
    /// Bytes.
    package var size: Int64
    package init(sha256: String, size: Int64) {
        self.sha256 = sha256
        self.size = size
    }
}

/// `POST /v1/offer`: a content that was wanted, and where it lies. Answered with `{}`.
package struct OfferRequest: Codable, Hashable, Sendable {
    /// What it is.
    package var content: ContentKey
    /// A file of this client's staging directory that holds it and nothing else.
    package var staged: String
    package init(content: ContentKey, staged: String) {
        self.content = content
        self.staged = staged
    }
}

/// `POST /v1/holds`: which of these contents does the hub have? Answered in the same form with those that it has, as a live
/// file or in `versions/`.
package struct HoldsMessage: Codable, Hashable, Sendable {
    /// In a question at most ``HoldsMessage/limit``.
    package var contents: [ContentKey]
    package init(contents: [ContentKey]) { self.contents = contents }

    /// Contents in one question.
    package static let limit = 1_000
}

/// What came of an operation that was held, once a person has decided.
package struct LateOutcomeMessage: Codable, Hashable, Sendable {
    /// Grows with each; what the next `GET /v1/changes` acknowledges as `late`.
    package var id: Int64
    /// As a commit would have answered it.
    package var outcome: OutcomeMessage
    package init(id: Int64, outcome: OutcomeMessage) {
        self.id = id
        self.outcome = outcome
    }
}

/// `GET /v1/snapshot?epoch=E&after=N`: everything that the journal has, by id, in pages; ``SnapshotPage`` on the wire.
package struct SnapshotResponse: Codable, Hashable, Sendable {
    /// The journal's.
    package var epoch: String
    /// The id that the page begins after; 0 for the first.
    package var after: Int64
    /// The `after` of the next page.
    package var through: Int64
    /// No node has a higher id.
    package var last: Bool
    /// The journal's `seq`; the feed goes on after that of the first page.
    package var seq: Int64
    /// The chain value of the history at `seq`, in hex.
    package var chain: String?
    /// The highest `seq` of a tombstone that is gone.
    package var collected: Int64
    /// By id; tombstones that are still there too.
    package var nodes: [NodeMessage]
    package init(_ page: SnapshotPage, epoch: String, chain: String?) {
        self.epoch = epoch
        after = page.after.rawValue
        through = page.through.rawValue
        last = page.isLast
        seq = page.seq.rawValue
        self.chain = chain
        collected = page.collected.rawValue
        nodes = page.nodes.map(NodeMessage.init)
    }

    /// - Throws: ``WireError`` that names the field that is missing or wrong.
    package func page() throws(WireError) -> SnapshotPage {
        var found: [Node] = []
        for node in nodes { found.append(try node.node()) }
        return SnapshotPage(
            after: NodeID(after), nodes: found, through: NodeID(through), isLast: last, seq: Sequence(seq),
            collected: Sequence(collected))
    }
}

/// `POST /v1/report`: how far the client is, told after each change of it. Answered with `{}`.
package struct ReportRequest: Codable, Hashable, Sendable {
    /// Of ``pending``.
    package static let itemLimit = 1_000

    /// The journal's that the cursor is of.
    package var epoch: String
    /// Everything up to here is on the client's disk: its cursor.
    package var cursor: Int64
    /// The newest barrier (see ``ChangesResponse``) that it has passed: all that had happened on its disk when it learned of
    /// the barrier is committed or stands in `pending`.
    package var barrier: Int64
    /// What waits in both directions, at most ``itemLimit``, what waits before what is skipped; the sums count all
    /// that waits.
    package var pending: [PendingMessage]
    /// All that is to be sent, also beyond `pending`, without what is skipped.
    package var upCount: Int
    /// All that is to come, also beyond `pending`.
    package var downCount: Int
    /// Bytes that are still to move, both directions.
    package var bytes: Int64
    /// Why nothing goes on at all (its folder is not there), as a sentence; nil while it does.
    package var blocked: String?
    /// Why everything is being compared with the hub, as a sentence; nil when it is not.
    package var merging: String?
    /// `send-only` or `receive-only`; nil for two-way.
    package var mode: String?
    package init(
        epoch: String, cursor: Int64, barrier: Int64, pending: [PendingMessage], upCount: Int, downCount: Int,
        bytes: Int64, blocked: String? = nil, merging: String? = nil, mode: String? = nil
    ) {
        self.epoch = epoch
        self.cursor = cursor
        self.barrier = barrier
        self.pending = pending
        self.upCount = upCount
        self.downCount = downCount
        self.bytes = bytes
        self.blocked = blocked
        self.merging = merging
        self.mode = mode
    }
}

/// Which way something waits.
package enum Direction: String, Codable, Sendable { case up, down }

/// One thing that is not synced.
package struct PendingMessage: Codable, Hashable, Sendable {
    /// Relative to the share, escaped.
    package var path: String
    /// From this client, or to it.
    package var direction: Direction
    /// To move at most.
    package var bytes: Int64
    /// A sentence's worth: `settling`, `permission denied: cannot read`, `a FIFO, which cannot be synced`, …
    package var reason: String
    /// True when it will never be synced (a FIFO, …): shown, but nobody waits for it.
    package var skipped: Bool?
    /// True for what is skipped since it is at the hub only and the client takes nothing: an answer to `why`, and in no list.
    package var unlisted: Bool?
    /// True if something has to be otherwise before it goes on (no room, no permission, a person's decision): the reason says
    /// what.
    package var stuck: Bool?
    package init(
        path: String, direction: Direction, bytes: Int64, reason: String, skipped: Bool = false,
        unlisted: Bool = false, stuck: Bool = false
    ) {
        self.path = path
        self.direction = direction
        self.bytes = bytes
        self.reason = reason
        self.skipped = skipped ? true : nil
        self.unlisted = unlisted ? true : nil
        self.stuck = stuck ? true : nil
    }
}

/// One line of what `syncagent once --dry-run` says that a pass would do.
package struct PlanMessage: Codable, Hashable, Sendable {
    /// From this machine to the hub, or to it.
    package var direction: Direction
    /// `create`, `edit`, `move`, `delete`, `conflict` (both sides changed it: what this machine has goes up under a name of
    /// its own), `wait` (not now), `skip` (never).
    package var what: String
    /// Where it is, or will be; escaped.
    package var path: String
    /// Base64 of the path's bytes, when they are not plain UTF-8.
    package var pathB64: String?
    /// Of a move: where it is before; escaped.
    package var from: String?
    /// To move at most.
    package var bytes: Int64
    /// For a person, where the word does not say all.
    package var reason: String?
    package init(
        direction: Direction, what: String, path: String, pathB64: String?, from: String?, bytes: Int64, reason: String?
    ) {
        self.direction = direction
        self.what = what
        self.path = path
        self.pathB64 = pathB64
        self.from = from
        self.bytes = bytes
        self.reason = reason
    }
}
