internal import Processes

/// Carries ranges of one file over one or several connections, each on a thread of its own. They are handed out in order.
final class RangeCrew: Sendable {
    private struct Carried {
        var range: Range<Int64>
        var done: Int64 = 0
        /// What is still to be carried.
        var rest: Range<Int64> { min(range.lowerBound + done, range.upperBound)..<range.upperBound }
    }
    private struct State {
        var waiting: [Range<Int64>]
        var busy: [Int: Carried] = [:]
        var running: Set<Int> = []
        var wanted = 1
        var refused: Int?
        var bytes: Int64 = 0
        var failure: (any Error)?
        var isEnding = false

        var left: Int64 { (waiting + busy.values.map(\.rest)).reduce(0) { $0 + $1.upperBound - $1.lowerBound } }
        /// All before it has been carried.
        var low: Int64? { (waiting.prefix(1) + busy.values.map(\.rest)).map(\.lowerBound).min() }
        var isOver: Bool { running.isEmpty && (waiting.isEmpty || isEnding || failure != nil) }
    }
    private let state: Monitor<State>
    private let carry: Carry

    /// Carries a range with the connection of a number, and tells of bytes as they are carried, in order; it has to end soon
    /// when that answers false.
    typealias Carry = @Sendable (_ lane: Int, _ range: Range<Int64>, _ moved: (Int) -> Bool) throws -> Void

    /// How often the rate is looked at, in milliseconds.
    private static let window: Int64 = 300
    /// Less than so many bytes are not worth another login.
    private static let worthIt: Int64 = 48 << 20

    init(_ ranges: [Range<Int64>], carry: @escaping Carry) {
        state = Monitor(State(waiting: ranges))
        self.carry = carry
    }

    /// Blocks until everything is carried, or until there is something else to do.
    /// - Parameters:
    ///   - most: connections.
    ///   - goesOn: asked a few times a second with all bytes before which everything has been carried (nil: everything has) and
    ///     with what is left. False: what is begun is carried, and the rest is left. What it throws ends all at once.
    /// - Returns: what is left, in order.
    func run(most: Int, goesOn: (_ low: Int64?, _ left: Int64) throws -> Bool) throws -> [Range<Int64>] {
        var rule = ConnectionRule(most: most)
        var window = (begun: Clock.milliseconds, bytes: Int64(0))
        while true {
            startMissing()
            let isOver = state.wait(timeout: .milliseconds(50)) { $0.isOver ? true : nil } ?? false
            let (low, left, bytes, refused) = state.withLock { state in
                defer { state.refused = nil }
                return (state.low, state.left, state.bytes, state.refused)
            }
            do {
                if try !goesOn(low, left) { state.withLock { $0.isEnding = true } }
            } catch {
                state.withLock { if $0.failure == nil { $0.failure = error } }
            }
            if isOver { break }
            if let refused { rule.limit(to: refused) }
            let time = Clock.milliseconds - window.begun
            if time >= RangeCrew.window {
                rule.windowEnded(
                    rate: Double(bytes - window.bytes) * 1_000 / Double(time), isWorthIt: left > RangeCrew.worthIt)
                window = (Clock.milliseconds, bytes)
            }
            state.withLock { $0.wanted = rule.count }
        }
        return try state.withLock { state in
            if let failure = state.failure { throw failure }
            return state.waiting
        }
    }

    private func startMissing() {
        let lanes = state.withLock { state -> [Int] in
            guard !state.isEnding, state.failure == nil else { return [] }
            let lanes = (0..<state.wanted).filter { !state.running.contains($0) }.prefix(state.waiting.count)
            state.running.formUnion(lanes)
            return Array(lanes)
        }
        for lane in lanes { startThread("carry") { [self] in work(lane) } }
    }

    private func work(_ lane: Int) {
        while let range = next(lane) {
            do {
                try carry(lane, range) { count in
                    state.withLock { state in
                        state.busy[lane]?.done += Int64(count)
                        state.bytes += Int64(count)
                        return state.failure == nil
                    }
                }
                state.withLock { $0.busy[lane] = nil }
            } catch {
                return state.withLock { state in
                    if let rest = state.busy.removeValue(forKey: lane)?.rest, !rest.isEmpty {
                        state.waiting.insert(
                            rest,
                            at: state.waiting.firstIndex { $0.lowerBound > rest.lowerBound } ?? state.waiting.endIndex)
                    }
                    state.running.remove(lane)
                    // One more connection is a favour; the first one is needed.
                    if lane == 0 {
                        if state.failure == nil { state.failure = error }
                    } else {
                        state.wanted = min(state.wanted, lane)
                        state.refused = lane
                    }
                }
            }
        }
    }

    private func next(_ lane: Int) -> Range<Int64>? {
        state.withLock { state in
            guard lane < state.wanted, !state.isEnding, state.failure == nil, !state.waiting.isEmpty else {
                state.running.remove(lane)
                return nil
            }
            let range = state.waiting.removeFirst()
            state.busy[lane] = Carried(range: range)
            return range
        }
    }
}
