/// Journals, indexes and disks that refuse a step now and then, while everybody lives on, and works at the same few names.
extension History {
    mutating func failing(_ random: inout SplitMix) {
        for _ in 0..<3 { add(Int.random(in: 0..<agents, using: &random), .user, &random) }
        add(0, .quiesce, &random)
        for _ in 0..<Int.random(in: 3...6, using: &random) {
            let parties = (0..<agents).shuffled(using: &random).prefix(2)
            for party in parties {
                for _ in 0..<Int.random(in: 0...2, using: &random) { add(party, .user, &random) }
            }
            if random.once(in: 3) { add(0, .phone, &random) }
            for party in parties {
                refuse(party, &random)
                for _ in 0..<Int.random(in: 1...3, using: &random) { live(party, &random) }
            }
            if random.once(in: 3) { add(0, .quiesce, &random) }
        }
    }

    private mutating func refuse(_ agent: Int, _ random: inout SplitMix) {
        let acts: [Step.Act] = [.failCommits, .failCommits, .failShare, .failTree]
        for act in acts.shuffled(using: &random).prefix(random.once(in: 3) ? 2 : 1) { add(agent, act, &random) }
    }

    private mutating func live(_ agent: Int, _ random: inout SplitMix) {
        let acts: [Step.Act] = [
            .sync, .sync, .sync, .sync, .pass, .interlope, .phoneInterlopes, .user, .user, .hubSettle, .hubFlush,
            .hubRetry,
            .draft, .send, .takeAnswer, .loseAnswer, .ask, .takePage, .fetch, .place, .phone, .report, .collect,
        ]
        let deaths: [Step.Act] = [.crash, .hubCrash, .hubStart, .crashSoon, .hubCrashSoon, .agentPowerCut, .powerCut]
        add(agent, (random.once(in: 12) ? deaths : acts).randomElement(using: &random) ?? .sync, &random)
    }
}
