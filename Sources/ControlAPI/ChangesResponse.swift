/// `GET /v1/changes?since=N&wait=S&epoch=E&barrier=B&paused=P&collected=C&inline=1`. Held open for at most `wait` seconds (60 at most) while there
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
    /// The bytes of some of those files, if the query says `inline=1`, they are small and few, and another client changed them. What is
    /// not here is fetched. They are not verified.
    package var contents: [InlineContent]?
    /// Which of the nodes, by their place in ``nodes``, have their bytes behind this message (``MessageWithBytes``), one after the
    /// other and each as long as its content says: small new files that another client made, if the query says `behind=BYTES`. Nil
    /// for a message alone. They are not verified.
    package var behind: [Int]?
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
    /// How fast bytes of files may move; nil for no limit. What the next query says as `limits` (`UP;DOWN`), so that a change is
    /// told at once.
    package var limits: LimitsMessage?
    /// What other clients are sending at this moment, all of it that is to lie where this client would see it; nil if the query
    /// does not ask for it (`coming=M`).
    package var coming: [ComingMessage]?
    /// What the next query says as `coming`, so that it is not told the same at once; 0 to begin with.
    package var comingMark: Int64?
    private enum CodingKeys: String, CodingKey {
        case epoch, through, chain, head, nodes, paused, barrier, late, subtree, wanted, wantedMark = "wanted_mark"
        case contents, limits, behind, coming, comingMark = "coming_mark"
    }
    package init(
        epoch: String, through: Int64, chain: String? = nil, head: Int64, nodes: [NodeMessage],
        contents: [InlineContent]? = nil, behind: [Int]? = nil, paused: PauseMessage?,
        barrier: Int64, late: [LateOutcomeMessage]? = nil, wanted: [ContentKey]? = nil, wantedMark: Int64? = nil,
        subtree: String? = nil, limits: LimitsMessage? = nil, coming: [ComingMessage]? = nil, comingMark: Int64? = nil
    ) {
        self.coming = coming
        self.comingMark = comingMark
        self.limits = limits
        self.wanted = wanted
        self.wantedMark = wantedMark
        self.epoch = epoch
        self.through = through
        self.chain = chain
        self.head = head
        self.nodes = nodes
        self.contents = contents
        self.behind = behind
        self.paused = paused
        self.barrier = barrier
        self.late = late
        self.subtree = subtree
    }
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
