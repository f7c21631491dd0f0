/// Which names changed lately and are to be looked at when they have become quiet. A pure state machine: time comes in as a
/// value (milliseconds of any monotonic clock).
package struct Settling<Key: Hashable & Sendable>: Sendable {
    /// One name that something happened to.
    private struct Pending {
        var first: Int64
        var last: Int64
        /// Written since it was last closed.
        var isOpen: Bool
    }

    private var pending: [Key: Pending] = [:]
    private let debounce: Int64
    private let longest: Int64

    /// - Parameters:
    ///   - debounce: milliseconds without an event after which a closed file counts as quiet.
    ///   - longest: milliseconds after which a name is due even though it never became quiet.
    package init(debounce: Int64, longest: Int64) {
        self.debounce = debounce
        self.longest = max(longest, debounce)
    }

    /// What an event says about a name.
    package enum Event: Hashable, Sendable {
        /// Written to; the writer has it open.
        case written
        /// A writer closed it.
        case closed
        /// Made, removed, renamed, or its attributes changed.
        case changed
    }

    /// Takes in an event; `now` never goes back.
    package mutating func note(_ key: Key, _ event: Event, at now: Int64) {
        var entry = pending[key] ?? Pending(first: now, last: now, isOpen: false)
        entry.last = now
        switch event {
        case .written: entry.isOpen = true
        case .closed: entry.isOpen = false
        case .changed: break
        }
        pending[key] = entry
    }

    /// It was due, but somebody is still writing: it waits for the close, or for the longest time from now.
    package mutating func postpone(_ key: Key, at now: Int64) {
        pending[key] = Pending(first: now, last: now, isOpen: true)
    }

    /// Takes out every name that is due.
    package mutating func takeDue(at now: Int64) -> [Key] {
        let keys = pending.filter { due(of: $0.value) <= now }.map(\.key)
        for key in keys { pending[key] = nil }
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
        let quiet = entry.isOpen ? Int64.max : entry.last + debounce
        return min(quiet, entry.first + longest)
    }
}
