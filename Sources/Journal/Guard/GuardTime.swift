internal import SQLite
import SyncCore

/// Now, as the guard counts it, and what is within its window.
struct GuardTime {
    /// By ``Journal/runningTime``.
    var moment: Int64
    /// What happened later than this counts.
    var start: Int64
    /// What a client has made itself after this takes nothing from anybody when it goes.
    var made: Sequence
}

/// What is to be done with deletions and rewrites of a client, as far as that was settled before.
enum GuardVerdict: Hashable {
    /// It depends on how many there are.
    case none
    /// A batch of them is arriving. Of one that has come after a rejection rewrites may pass, as after that.
    case arriving(Int64, sparesRewrites: Bool)
    /// A person wants them.
    case approved
    /// A person does not want them; rewrites neither, if what was rejected had any.
    case rejected(rewrites: Bool)
}

// The window. Moments of running time: a clock that jumps opens no window and closes none, and a hub that was off for a
// while goes on where it was.
extension Journal {
    /// What passed and is older than the window is no longer counted, and cannot be brought back by a rejection.
    package func forgetGuarded(_ rule: MassChangeGuard, at moment: Int64) throws {
        try database.execute(
            "DELETE FROM guard_done WHERE batch IS NULL AND moment <= ?", moment - rule.window)
        try database.execute("DELETE FROM guard_released WHERE moment <= ?", moment - rule.window)
    }

    /// Notes from time to time where the history is, so that it is known what was made within the window.
    func guardTime(_ rule: MassChangeGuard, at moment: Int64) throws -> GuardTime {
        try noteRunning(moment)
        let start = moment - rule.window
        let head = try head
        let last = try database.query("SELECT max(moment) FROM guard_mark") { try $0.optionalInt64(0) }.first ?? nil
        if last.map({ moment - $0 >= max(rule.window / 10, 1) }) ?? true {
            try database.execute("INSERT OR IGNORE INTO guard_mark (moment, head) VALUES (?, ?)", moment, head)
            try database.execute("DELETE FROM guard_mark WHERE moment <= ?", start)
        }
        let made = try database.first(
            "SELECT head FROM guard_mark WHERE moment > ? ORDER BY moment LIMIT 1", start
        ) { Sequence(try $0.int64(0)) }
        return GuardTime(moment: moment, start: start, made: made ?? head)
    }

    /// What was settled within the window; older words are no longer asked.
    func guardVerdict(on client: String, _ time: GuardTime) throws -> GuardVerdict {
        let found = try database.query(
            "SELECT batch, verdict FROM guard_window WHERE client = ? AND moment > ?", client, time.start
        ) { (try $0.optionalInt64(0), try $0.int64(1)) }
        switch found.first {
        case (let batch?, let verdict)?: return .arriving(batch, sparesRewrites: verdict == 2)
        case (nil, 1)?: return .approved
        case (nil, 2)?: return .rejected(rewrites: false)
        case (nil, 3)?: return .rejected(rewrites: true)
        default: return .none
        }
    }

    /// A person has decided about a batch. If it is the client's newest, that says something about what still comes; about
    /// an older one it says nothing.
    func setGuardVerdict(_ verdict: GuardVerdict, on batch: Int64, at moment: Int64) throws {
        let code =
            switch verdict {
            case .approved: 1
            case .rejected(let rewrites): rewrites ? 3 : 2
            case .none, .arriving: 0
            }
        try noteRunning(moment)
        try database.execute(
            "UPDATE guard_window SET batch = NULL, verdict = ?, moment = ? WHERE batch = ?", code, moment, batch)
    }

    /// More of a batch has come.
    func extendGuardWindow(of batch: Int64, _ time: GuardTime) throws {
        try database.execute("UPDATE guard_window SET moment = ? WHERE batch = ?", time.moment, batch)
    }
}
