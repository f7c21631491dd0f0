/// Backups, work, and what is in a backup taken for what is.
extension History {
    mutating func restored(_ random: inout SplitMix) {
        for agent in 0..<agents { add(agent, .user, &random) }
        add(0, .quiesce, &random)
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            let agent = Int.random(in: 0..<agents, using: &random)
            let (save, restore) = way(&random)
            live(Int.random(in: 0...6, using: &random), &random)
            if let save { add(agent, save, &random) }
            live(Int.random(in: 2...12, using: &random), &random)
            // What was deleted and is gone everywhere must not come back.
            if !random.once(in: 3) { add(0, .quiesce, &random) }
            live(Int.random(in: 0...3, using: &random), &random)
            add(agent, restore, &random)
            live(Int.random(in: 0...8, using: &random), &random)
            if random.once(in: 2) { add(0, .quiesce, &random) }
        }
    }

    private func way(_ random: inout SplitMix) -> (Step.Act?, Step.Act) {
        switch Int.random(in: 0..<8, using: &random) {
        case 0...2: (.backUpIndex, .restoreIndex)
        case 3: (nil, .loseIndex)
        case 4...5: (.backUpJournal, .restoreJournal)
        default: (.backUpHub, .restoreHub)
        }
    }

    /// Everybody works, and hears of the others.
    private mutating func live(_ count: Int, _ random: inout SplitMix) {
        for _ in 0..<count {
            let agent = Int.random(in: 0..<agents, using: &random)
            let acts: [Step.Act] = [
                .user, .user, .user, .user, .sync, .sync, .sync, .phone, .phone, .hubSettle, .draft, .send,
                .takeAnswer, .loseAnswer, .ask, .takePage, .fetch, .place, .crash, .crashSoon, .offline, .online,
                .report, .collect, .goStale, .hubCrashSoon, .hubStart, .post, .deliver, .interlope,
            ]
            add(agent, acts.randomElement(using: &random) ?? .sync, &random)
        }
    }
}
