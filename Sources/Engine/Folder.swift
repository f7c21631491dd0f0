package import Index
package import SyncCore

/// The agent's engine: what is on the disk, what the hub said, and what follows. It does no network and keeps no clock:
/// a driver feeds it events, changes and outcomes, and carries out what it asks for. Not Sendable: one thread at a
/// time.
package final class Folder<Tree: LocalTree> {
    /// The three trees; everything that must outlast the process.
    package let index: FolderIndex
    /// The folder on the disk.
    package let tree: Tree

    /// Since the start everything has been looked at once: before that, what lies on the disk from before a crash is
    /// not known.
    package internal(set) var hasLooked = false
    /// What is known of the disk may be wrong: a full look must come before anything else.
    var mustLookAtEverything = false
    /// Nodes of which the hub holds something, and which are again as they were agreed: it is told.
    var undone: [NodeID] = []
    /// What was counted last, and for how many commits that will do: counting takes time where there is much.
    var counted: (changes: AnnouncedChanges, commits: Int) = (AnnouncedChanges(), 0)
    /// Directories to be listed.
    var toList: [EntryID] = []
    /// Directories that are listed with everything below them.
    var deep: Set<EntryID> = []
    /// Directories that the kernel would watch no more of; they are scanned from time to time.
    package internal(set) var unwatched: Set<EntryID> = []
    /// Verified bytes by the node they are for.
    var staged: [NodeID: StagedContent] = [:]
    /// Directories whose names changed since they were last made durable.
    var touched: Set<RelativePath> = []
    /// Whether bytes were placed that would not survive a power cut yet.
    var touchedBytes = false
    /// What listings found new or changed since it was asked for.
    var fresh: [FreshFile] = []
    /// Digests that the hub said it does not have although this client thought so.
    var mustSend: Set<Digest> = []
    /// Changes at the hub that the answer to a commit has told of, while it is taken in.
    var told: Set<Sequence> = []
    /// Why entries that were held back, or are just tried again, are not at the hub, in words for a person.
    package var sendingTroubles: [EntryID: String] = [:]
    /// Why the hub does not take the commit that is in flight, in words for a person: what is to be sent waits for it.
    package var commitTrouble: String?
    /// Why nodes that the hub has otherwise cannot be brought here, in words for a person. Counts only while they wait to
    /// come: what is remembered by node outlives no move of it, as a path would.
    package var receivingTroubles: [NodeID: String] = [:]
    /// Files whose bytes were hashed so soon after their change that another change may look the same.
    package internal(set) var racy: [EntryID: Nanoseconds] = [:]

    /// Contents that travel ahead of commits.
    package var ahead = Ahead()
    /// All that was sent and has come since the start, for people.
    package internal(set) var done = Amount()
    /// The bytes of it that did not have to move.
    var doneUnmoved: Int64 = 0
    /// What was placed since the last look at the disk was finished, and how it lay there then.
    package var justPlaced = JustPlaced()

    let aside: Aside
    /// As they were read last.
    var rules: RuleCache<EntryID>
    /// How many names there are above the folder's top at the hub.
    var namesAbove = 0
    /// Something lies deeper than what is synced.
    var hasDepths = false
    /// Directories whose list is there and cannot be read, as far as anybody knows, and why: see Folder+Unruled.
    var unread: [EntryID: String] = [:]
    /// How many entries below such lists were looked at lately: see Folder+Unseen.
    var walked = 0
    /// The trouble that was tried again last, where not all were at once.
    var retried: RelativePath?
    /// Rules were to take effect while a commit was in flight; these directories are looked at after it.
    var rulesWaiting: Set<EntryID> = []

    /// - Parameters:
    ///   - mode: which directions are open.
    ///   - ignoring: this machine's own patterns.
    ///   - aside: in whose name local files step aside, in ``SyncMode/receiveOnly``.
    package init(
        index: FolderIndex, tree: Tree, mode: SyncMode = .twoWay, ignoring patterns: [String] = [],
        aside: Aside = Aside(date: "", client: "kept")
    ) {
        self.index = index
        self.tree = tree
        self.aside = aside
        rules = RuleCache(machine: patterns.isEmpty ? nil : IgnoreList(patterns: patterns, origin: .machine))
        index.mode = mode
        index.ignores = { [unowned self] subject in try isIgnored(subject) }
        index.unruled = { [unowned self] subject in try unruled(subject) }
        index.travels = { [unowned self] sending in try isTravelling(sending) }
    }

    /// Writes down why something at a path does not go on, without touching what is known about it.
    func trouble(_ path: RelativePath, _ entry: EntryID?, _ reason: String, skipped: Bool = false) throws {
        let directory = entry == nil && !path.isTop ? try index.entry(at: path.parent) : nil
        try index.setTrouble(
            Trouble(path: path, entry: entry, directory: directory, reason: reason, isSkipped: skipped))
    }
}
