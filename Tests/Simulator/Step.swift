/// One thing that happens. What exactly it does comes from its own seed, so that a history stays one when steps are
/// taken out.
struct Step: Hashable, CustomStringConvertible {
    enum Act: String, CaseIterable {
        case user, events, look, finish, hash, takeHashes, draft, send, loseAnswer, takeAnswer, ask, takePage, fetch,
            place
        case all, sync, crash, crashSoon, beginAgain, loseUploads, unmount, offline, online, overflow, interlope,
            quiesce, pass
        /// Messages that take their time.
        case post, deliver, loseRequest, loseReply, tearUpload, tearDownload, report, hello
        /// The disk goes, and comes back some steps later.
        case unplug, plug
        case phone, phoneBegins, phoneEnds, phoneBreaks, phoneInterlopes
        case shareLook, shareTake, shareConclude, hubSettle, hubFlush, hubRetry
        case hubCrash, hubCrashSoon, hubStart, powerCut, shareUnplug, sharePlug
        case pause, resume, clockJump, goStale, collect, agentPowerCut, exile, hasty
        /// The process dies while it places.
        case diePlacing
        /// The hub dies while it takes in what one sends.
        case hubDies
        case backUpIndex, restoreIndex, loseIndex
        case approve, reject
        case backUpJournal, restoreJournal, backUpHub, restoreHub
        /// Transactions, or steps on a disk, fail some steps later.
        case failCommits, failShare, failTree
    }
    var agent: Int
    var act: Act
    var seed: UInt64

    var description: String { "\(agent) \(act.rawValue) \(seed)" }

    init(agent: Int, act: Act, seed: UInt64) {
        self.agent = agent
        self.act = act
        self.seed = seed
    }

    init?(_ line: some StringProtocol) {
        let words = line.split(separator: " ")
        guard words.count == 3, let agent = Int(words[0]), let act = Act(rawValue: String(words[1])),
            let seed = UInt64(words[2])
        else { return nil }
        self.init(agent: agent, act: act, seed: seed)
    }
}
