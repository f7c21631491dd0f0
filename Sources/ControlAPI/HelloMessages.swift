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
    /// How fast bytes of files may move; nil for no limit.
    package var limits: LimitsMessage?
    /// How many bytes of contents a commit may bring along in itself (``ContentSource/inline(_:)``); nil for none.
    package var inline: Int64?
    /// How many bytes of contents may come behind a commit (``ContentSource/behind(offset:)``); nil for none.
    package var behind: Int64?
    /// How many bytes of small contents travel as one at most; nil for ``usualPack``.
    package var pack: Int64?
    /// Whether something of large contents lies at the hub that this client once began to send, and that no commit has taken
    /// yet; nil when it does not say.
    package var staged: Bool?
    /// Bytes that this client may have in its staging directory, holes not counted; nil for any number. What is over goes: a larger
    /// file is not sent.
    package var quota: Int64?
    private enum CodingKeys: String, CodingKey {
        case hub, version, client, epoch, head, known, setBack = "set_back", collected, staging, share
        case maxOperations = "max_operations", paused, subtree, otherIndex = "other_index", limits
        case inline, behind, pack, staged, quota
    }
    package init(
        hub: String, version: String, client: String, epoch: String, head: Int64, known: Bool, setBack: Bool,
        collected: Int64, staging: String, share: String, maxOperations: Int, paused: PauseMessage?,
        subtree: String? = nil, otherIndex: Bool = false, limits: LimitsMessage? = nil, inline: Int64? = nil,
        behind: Int64? = nil, pack: Int64? = nil, staged: Bool? = nil, quota: Int64? = nil
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
        self.limits = limits
        self.inline = inline
        self.behind = behind
        self.pack = pack
        self.staged = staged
        self.quota = quota
    }

    /// In bytes.
    package static let usualPack: Int64 = 16 << 20

    /// ``pack``, within reason: it is held in memory.
    package var packSize: Int64 { min(max(pack ?? HelloResponse.usualPack, 1 << 20), LayOutRequest.largest) }

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
