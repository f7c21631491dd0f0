/// Jobs of several clients that wait for their turn: next is the one of whom the fewest run, and among those the one whose last
/// turn is the longest ago; the jobs of one in the order in which they came. Pure.
struct FairLine<Job> {
    private var waiting: [(client: String, job: Job)] = []
    private var running: [String: Int] = [:]
    /// Of those who had a turn, the number of the last one.
    private var turns: [String: Int] = [:]
    private var turn = 0

    /// How many run now.
    var count: Int { running.values.reduce(0, +) }

    mutating func add(_ job: Job, of client: String) { waiting.append((client, job)) }

    /// - Returns: what runs from now on, until ``ended(of:)``; nil if nothing waits.
    mutating func next() -> (client: String, job: Job)? {
        func rank(_ client: String) -> (Int, Int) { (running[client] ?? 0, turns[client] ?? 0) }
        // The first of equals, so that the jobs of one keep their order.
        guard let index = waiting.indices.min(by: { rank(waiting[$0].client) < rank(waiting[$1].client) })
        else { return nil }
        let found = waiting.remove(at: index)
        turn += 1
        (running[found.client, default: 0], turns[found.client]) = (running[found.client, default: 0] + 1, turn)
        return found
    }

    /// One of this client's has ended.
    mutating func ended(of client: String) {
        let left = (running[client] ?? 1) - 1
        running[client] = left > 0 ? left : nil
    }
}
