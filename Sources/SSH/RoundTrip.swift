import Synchronization

/// How long a request and its answer take at least on one way to a server, when nothing else is in the way. Connections of that
/// way share it. Any thread.
package final class RoundTrip: Sendable {
    private let state = Mutex((rule: TripRule(), moving: 0))

    /// Not known yet.
    package init() {}

    /// In seconds; 0 until it is known.
    var seconds: Double { state.withLock { $0.rule.seconds } }

    /// - Parameters:
    ///   - seconds: of one request without bytes of files, as long as it took.
    ///   - now: when it was answered, in seconds.
    func took(_ seconds: Double, at now: Double) {
        state.withLock { $0.rule.took(seconds, at: now, isAlone: $0.moving == 0) }
    }

    /// Bytes of one more file begin to move on this way.
    func begin() { state.withLock { $0.moving += 1 } }

    /// They have ended.
    func end() { state.withLock { $0.moving -= 1 } }
}

/// The shortest round trip of the last minutes. A route can become longer; but what our own bytes in flight add is none of it, or
/// more of them would be sent for that and add more. So an old value goes only when there are newer ones that were taken while
/// nothing moved. A pure rule.
struct TripRule {
    /// Of the stretch of time before this one, and of this one.
    private var (old, new): (Double?, Double?) = (nil, nil)
    private var begun: Double?

    /// A stretch is at least so long, in seconds.
    static let stretch = 60.0

    /// 0 until it is known.
    var seconds: Double { min(old ?? .infinity, new ?? .infinity, known ? .infinity : 0) }
    private var known: Bool { old != nil || new != nil }

    /// - Parameters:
    ///   - seconds: of one request.
    ///   - now: in seconds.
    ///   - isAlone: whether nothing else moved.
    mutating func took(_ seconds: Double, at now: Double, isAlone: Bool) {
        if isAlone, let begun, now - begun >= TripRule.stretch {
            (old, new, self.begun) = (new, nil, now)
        }
        if begun == nil { begun = now }
        // With something in the way it is no shorter than without.
        if isAlone || !known || seconds < self.seconds { new = min(new ?? seconds, seconds) }
    }
}
