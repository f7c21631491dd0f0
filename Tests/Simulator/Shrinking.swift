/// Takes steps out of a history for as long as it still breaks the same promise.
enum Shrinking {
    static func shrink(_ history: History, breaking promise: Promise, budget: Int = 600) -> History {
        var best = history
        var left = budget
        func fails(_ history: History) -> Bool {
            left -= 1
            do {
                try Simulation.run(history)
                return false
            } catch { return (error as? Violation)?.promise == promise }
        }
        var chunk = max(best.steps.count / 2, 1)
        while chunk >= 1, left > 0 {
            var start = 0
            var shrank = false
            while start < best.steps.count, left > 0 {
                var shorter = best
                shorter.steps.removeSubrange(start..<min(start + chunk, best.steps.count))
                if fails(shorter) {
                    best = shorter
                    shrank = true
                } else {
                    start += chunk
                }
            }
            if chunk == 1, !shrank { break }
            if !shrank || chunk > 1 { chunk = max(chunk / 2, 1) }
        }
        while best.agents > 2, best.steps.allSatisfy({ $0.agent < best.agents - 1 }), left > 0 {
            var fewer = best
            fewer.agents -= 1
            if !fails(fewer) { break }
            best = fewer
        }
        return best
    }
}
