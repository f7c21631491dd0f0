/// Much is deleted and rewritten, which the guard holds, and a person decides: at any time, also after others have changed it.
extension History {
    mutating func held(_ random: inout SplitMix) {
        for _ in 0..<3 { for agent in 0..<agents { add(agent, .user, &random) } }
        add(0, .quiesce, &random)
        for _ in 0..<Int.random(in: 2...4, using: &random) {
            let agent = Int.random(in: 0..<agents, using: &random)
            for _ in 0..<Int.random(in: 2...5, using: &random) { add(agent, .user, &random) }
            add(agent, .sync, &random)
            for _ in 0..<Int.random(in: 0...8, using: &random) {
                let acts: [Step.Act] = [
                    .user, .user, .user, .sync, .sync, .sync, .phone, .hubSettle, .draft, .send, .takeAnswer,
                    .loseAnswer,
                    .ask, .takePage, .fetch, .place, .crash, .crashSoon, .hubCrashSoon, .hubStart, .offline, .online,
                    .post,
                    .deliver, .report,
                ]
                add(
                    random.once(in: 2) ? agent : Int.random(in: 0..<agents, using: &random),
                    acts.randomElement(using: &random) ?? .sync, &random)
            }
            if !random.once(in: 3) { add(0, random.once(in: 2) ? .approve : .reject, &random) }
            if random.once(in: 2) { add(0, .quiesce, &random) }
        }
    }
}
