/// Which names changed lately and are to be looked at when they have become quiet. A pure state machine: time comes in as a
/// value (milliseconds of any monotonic clock).
package struct Settling<Key: Hashable & Sendable>: Sendable {
    /// One name that something happened to.
    private struct Pending {
        var first: Int64
        var last: Int64
        /// Written since it was last closed.
        var isOpen: Bool
        /// The last that happened was what a writer does when it has finished: it closed the file, or gave it its name.
        var isFinished = false
        /// A writer that had finished has begun again.
        var isRow = false
        /// It was due while somebody had it open.
        var held: Held?
    }

    /// That somebody had a file open for writing when it was due.
    private struct Held {
        var since: Int64
        /// How long it was left alone the last time.
        var pause: Int64
        var until: Int64
    }

    private var pending: [Key: Pending] = [:]
    /// When names became due, of those for which that was only just so.
    private var taken: [Key: Int64] = [:]
    /// Of those that became due last.
    private var held: [Key: Held] = [:]
    private let debounce: Int64
    private let finished: Int64
    private let longest: Int64

    /// - Parameters:
    ///   - debounce: milliseconds without an event after which a closed file counts as quiet.
    ///   - finished: milliseconds without an event after which a file counts as quiet whose writer has finished: it was
    ///     closed, or renamed into place. A writer that begins again within that time, or soon after it, is given all of
    ///     `debounce` from then on: it opens, writes and closes in a row. By default there is no difference.
    ///   - longest: milliseconds after which a name is due even though it never became quiet.
    package init(debounce: Int64, finished: Int64? = nil, longest: Int64) {
        self.debounce = debounce
        self.finished = min(finished ?? debounce, debounce)
        self.longest = max(longest, debounce)
    }

    /// What an event says about a name.
    package enum Event: Hashable, Sendable {
        /// Written to; the writer has it open.
        case written
        /// A writer closed it.
        case closed
        /// Renamed: it has this name now.
        case placed
        /// Made, removed, renamed away, or its attributes changed.
        case changed
    }

    /// Takes in an event; `now` never goes back.
    package mutating func note(_ key: Key, _ event: Event, at now: Int64) {
        var entry = pending[key] ?? Pending(first: now, last: now, isOpen: false, isRow: wasJustTaken(key, at: now))
        entry.last = now
        switch event {
        case .written:
            if entry.isFinished { entry.isRow = true }
            (entry.isOpen, entry.isFinished) = (true, false)
        case .closed:
            // Without a write in between: two writers, or a second opening that wrote nothing.
            if entry.isFinished { entry.isRow = true }
            (entry.isOpen, entry.isFinished) = (false, true)
        case .placed: entry.isFinished = true
        case .changed: break
        }
        pending[key] = entry
    }

    private func wasJustTaken(_ key: Key, at now: Int64) -> Bool {
        taken[key].map { now - $0 < debounce } ?? false
    }

    /// It was due, but cannot be decided on: it waits for the close, or for the longest time from now.
    package mutating func postpone(_ key: Key, at now: Int64) {
        pending[key] = Pending(first: now, last: now, isOpen: true)
    }

    /// It was due, but somebody has it open for writing: it waits for the close, and is due again after a while, too, longer
    /// each time. The kernel tells of a close before the writer counts as gone, so that who was told may look too early; and
    /// of a writer that has the file by a name elsewhere it never tells.
    /// - Returns: false if that has been so for the longest time. It does not wait any more then.
    package mutating func postponeOpen(_ key: Key, at now: Int64) -> Bool {
        var next = held.removeValue(forKey: key) ?? Held(since: now, pause: 0, until: now)
        guard now - next.since < longest else { return false }
        next.pause = next.pause == 0 ? debounce : next.pause * 2
        next.until = min(now + next.pause, next.since + longest)
        pending[key] = Pending(first: now, last: now, isOpen: true, held: next)
        return true
    }

    /// Takes out every name that is due.
    package mutating func takeDue(at now: Int64) -> [Key] {
        let keys = pending.filter { due(of: $0.value) <= now }.map(\.key)
        taken = taken.filter { now - $0.value < debounce }
        held = [:]
        for key in keys { held[key] = pending[key]?.held }
        for key in keys {
            pending[key] = nil
            if finished < debounce { taken[key] = now }
        }
        return keys
    }

    /// When the next name will be due; nil if none waits.
    package var nextDue: Int64? { pending.values.map { due(of: $0) }.min() }

    /// Names that are not due yet.
    package var waiting: [Key] { Array(pending.keys) }
    /// Whether nothing waits.
    package var isEmpty: Bool { pending.isEmpty }
    /// Whether a name waits.
    package func contains(_ key: Key) -> Bool { pending[key] != nil }

    private func due(of entry: Pending) -> Int64 {
        let wanted = entry.isFinished && !entry.isRow ? finished : debounce
        let quiet = entry.isOpen ? Int64.max : entry.last + wanted
        return min(quiet, entry.first + longest, entry.held?.until ?? Int64.max)
    }
}
