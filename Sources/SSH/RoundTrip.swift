import Synchronization

/// How long a request and its answer take at least on one way to a server, when nothing else is in the way. Connections of that
/// way share it. Any thread.
package final class RoundTrip: Sendable {
    private let shortest = Mutex<Double?>(nil)

    /// Not known yet.
    package init() {}

    /// In seconds; 0 until it is known.
    var seconds: Double { shortest.withLock { $0 ?? 0 } }

    /// - Parameter seconds: of one request without bytes of files, as long as it took.
    func took(_ seconds: Double) { shortest.withLock { $0 = min($0 ?? seconds, seconds) } }
}
