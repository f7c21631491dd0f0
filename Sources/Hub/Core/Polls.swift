internal import ControlAPI
internal import HTTPServer
import SyncCore

/// A request that is held open until something happens or its time is over.
struct Poll {
    enum Subject {
        case changes(client: String, ChangesQuery)
        case wait(WaitGoal, of: Caller)
        case log(after: Sequence, limit: Int, of: Caller)
    }
    let id: Int
    /// Who asks; nil for the administrator.
    let client: String?
    let subject: Subject
    /// Of the clock that never goes back.
    let deadline: Nanoseconds
    let responder: HTTPResponder
}

/// What was found of a log that is looked through by and by.
struct LogScan {
    /// Up to here.
    var place: Sequence
    var found: [LogMessage] = []
}

/// What `GET /v1/changes` asks.
struct ChangesQuery: Hashable, Sendable {
    var since: Sequence
    var barrier: Int64
    var isPaused: Bool
    /// What was collected before the client began.
    var collected = Sequence.zero
    /// Of what is wanted, as the client knows it.
    var wanted: Int64 = 0
    /// The limits that it knows, as `UP;DOWN`; nil for whatever they are.
    var limits: String?
    /// Late outcomes up to here were taken in.
    var late: Int64 = 0
    /// Up to where it once had everything; nil for up to `since`.
    var complete: Sequence?
    /// Of its journal; nil for whatever it is.
    var epoch: String?
    /// Small contents may come with the answer.
    var wantsInline = false
    /// So many bytes of small new files may come behind it.
    var behind: Int64 = 0
    /// Of what others are sending, as the client knows it; nil if it is not to be told.
    var coming: Int64?
}

/// When a long poll for changes is answered.
enum ChangesRule {
    static func isReady(_ query: ChangesQuery, head: Sequence, barrier: Int64, isPaused: Bool) -> Bool {
        if isPaused != query.isPaused { return true }
        // A paused client is given nothing, so it cannot learn of a barrier before it has everything.
        if head > query.since { return !isPaused }
        return barrier > query.barrier
    }

    /// The barrier to tell: not before the client has been given everything that was there when it was raised, so that a
    /// report of it speaks of all that.
    static func barrier(_ query: ChangesQuery, newest: Int64, isLastPage: Bool) -> Int64 {
        isLastPage ? max(newest, query.barrier) : query.barrier
    }
}
