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
        /// Those that have logged in and moved bytes.
        var moving: Set<Int> = []
        /// Those that have asked for a range: they are past their login.
        var begun: Set<Int> = []
        /// Those that were told to give up since nothing is left for them.
        var dismissed: Set<Int> = []
        var wanted = 1
        var refused: Int?
        var bytes: Int64 = 0
        var failure: (any Error)?
        var isEnding = false

        var left: Int64 { (waiting + busy.values.map(\.rest)).reduce(0) { $0 + $1.upperBound - $1.lowerBound } }
        /// All before it has been carried.
        var low: Int64? { (waiting.prefix(1) + busy.values.map(\.rest)).map(\.lowerBound).min() }
        var isComplete: Bool { (0..<wanted).allSatisfy { moving.contains($0) } }
        /// Nothing is left for who has not begun.
        var hasNothing: Bool { waiting.isEmpty && busy.isEmpty || isEnding || failure != nil }
        var isOver: Bool { running.isEmpty && (waiting.isEmpty || isEnding || failure != nil) }
        /// Those that hang in their login while nothing is left for them.
        mutating func dismiss() -> Set<Int> {
            guard hasNothing else { return [] }
            dismissed.formUnion(running.subtracting(begun))
            return dismissed
        }
    }
    private let state: Monitor<State>
    private let carry: Carry
    private let cancel: @Sendable (Int) -> Void

    /// Carries ranges with the connection of a number, until there is no next one, and tells of bytes as they are carried, in
    /// order; it has to end soon when that answers false.
    typealias Carry =
        @Sendable (_ lane: Int, _ next: () -> Range<Int64>?, _ moved: (Int) -> Bool) throws -> Void

    /// A stretch of time in which the rate is taken: short where many bytes move; longer than some round trips where few do,
    /// since acknowledgements come in bursts.
    private struct Window {
        var begun: Int64
        var bytes: Int64
        /// Whether all connections carried from its beginning on.
        var isComplete: Bool

        func rate(at now: Int64, bytes: Int64) -> Double? {
            let time = now - begun
            let moved = bytes - self.bytes
            let isEnough = moved >= 32 << 20 ? time >= 300 : time >= 1_500
            return isComplete && isEnough ? Double(moved) * 1_000 / Double(time) : nil
        }
    }

    /// - Parameter cancel: makes the connection of a number give up its login; called for those that have not asked for a range when
    ///   none is left.
    init(
        _ ranges: [Range<Int64>], cancel: @escaping @Sendable (_ lane: Int) -> Void = { _ in }, carry: @escaping Carry
    ) {
        state = Monitor(State(waiting: ranges))
        self.carry = carry
        self.cancel = cancel
    }

    /// Blocks until everything is carried, or until there is something else to do.
    /// - Parameters:
    ///   - rule: how many connections; it learns.
    ///   - goesOn: asked a few times a second with all bytes before which everything has been carried (nil: everything has) and
    ///     with what is left. False: all end where they are. What it throws ends them with a failure.
    /// - Returns: what is left, in order.
    func run(
        _ rule: inout ConnectionRule, goesOn: (_ low: Int64?, _ left: Int64) throws -> Bool
    ) throws -> [Range<Int64>] {
        state.withLock { $0.wanted = rule.count }
        var window = Window(begun: Clock.milliseconds, bytes: 0, isComplete: false)
        while true {
            startMissing()
            let isOver = state.wait(timeout: .milliseconds(50)) { $0.isOver ? true : nil } ?? false
            let (low, left, bytes, refused, isComplete) = state.withLock { state in
                defer { state.refused = nil }
                return (state.low, state.left, state.bytes, state.refused, state.isComplete)
            }
            do {
                if try !goesOn(low, left) { state.withLock { $0.isEnding = true } }
            } catch {
                state.withLock { if $0.failure == nil { $0.failure = error } }
            }
            if isOver { break }
            // Each time: one may not have been there yet to be told.
            for lane in state.withLock({ $0.dismiss() }) { cancel(lane) }
            if let refused { rule.limit(to: refused) }
            let rate = window.rate(at: Clock.milliseconds, bytes: bytes)
            if let rate { rule.windowEnded(rate: rate, left: left) }
            let isSame = state.withLock { state in
                defer { state.wanted = rule.count }
                return state.wanted == rule.count
            }
            if rate != nil || isComplete != window.isComplete || !isSame {
                window = Window(begun: Clock.milliseconds, bytes: bytes, isComplete: isComplete && isSame)
            }
        }
        return try state.withLock { state in
            if let failure = state.failure { throw failure }
            return state.waiting
        }
    }

    /// More of it is to be carried, behind all that was given: while ``run(_:goesOn:)`` asks.
    func add(_ ranges: [Range<Int64>]) { state.withLock { $0.waiting += ranges } }

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
        let failure: (any Error)?
        do {
            try carry(lane, { next(lane) }, { count in moved(count, lane) })
            failure = nil
        } catch { failure = error }
        state.withLock { state in
            if let rest = state.busy.removeValue(forKey: lane)?.rest, !rest.isEmpty {
                let place = state.waiting.firstIndex { $0.lowerBound > rest.lowerBound }
                state.waiting.insert(rest, at: place ?? state.waiting.endIndex)
            }
            state.running.remove(lane)
            state.moving.remove(lane)
            state.begun.remove(lane)
            // Who was told to end has failed for that reason.
            let wasDismissed = state.dismissed.remove(lane) != nil
            guard let failure, !state.isEnding, !wasDismissed else { return }
            // One more connection is a favour; the first one is needed.
            if lane == 0 {
                if state.failure == nil { state.failure = failure }
            } else {
                state.wanted = min(state.wanted, lane)
                state.refused = lane
            }
        }
    }

    private func moved(_ count: Int, _ lane: Int) -> Bool {
        state.withLock { state in
            state.busy[lane]?.done += Int64(count)
            state.bytes += Int64(count)
            state.moving.insert(lane)
            return state.failure == nil && !state.isEnding
        }
    }

    private func next(_ lane: Int) -> Range<Int64>? {
        state.withLock { state in
            state.busy[lane] = nil
            state.begun.insert(lane)
            state.dismissed.remove(lane)
            guard lane < state.wanted, !state.isEnding, state.failure == nil, !state.waiting.isEmpty
            else { return nil }
            let range = state.waiting.removeFirst()
            state.busy[lane] = Carried(range: range)
            return range
        }
    }
}
