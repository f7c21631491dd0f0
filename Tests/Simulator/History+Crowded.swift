/// Meetings at the same name, densely.
extension History {
    mutating func crowded(_ random: inout SplitMix) {
        for _ in 0..<2 { add(0, .user, &random) }
        add(0, .quiesce, &random)
        for _ in 0..<Int.random(in: 3...6, using: &random) {
            let parties = (0..<agents).shuffled(using: &random).prefix(Int.random(in: 2...3, using: &random))
            for party in parties {
                for _ in 0..<Int.random(in: 1...2, using: &random) { add(party, .user, &random) }
                if random.once(in: 2) { add(party, .pass, &random) }
            }
            if random.once(in: 3) { add(0, .phone, &random) }
            for party in parties.shuffled(using: &random) { hear(party, &random) }
            if random.once(in: 3) { add(0, .quiesce, &random) }
        }
    }

    /// One of them hears of the others, and they of it, in one of many ways.
    private mutating func hear(_ party: Int, _ random: inout SplitMix) {
        let other = Int.random(in: 0..<agents, using: &random)
        let acts: [Step.Act]
        switch Int.random(in: 0..<12, using: &random) {
        case 0, 1: acts = [.sync]
        case 2...4: acts = [.interlope]
        case 5, 6: acts = [.phoneInterlopes]
        case 7:
            // What was fetched is not what is wanted any more when it is placed.
            for act in [Step.Act.ask, .takePage, .fetch] { add(party, act, &random) }
            for act in [Step.Act.user, .sync] { add(other, act, &random) }
            acts = [.ask, .takePage, .place]
        case 8:
            // What was written down to be sent is not what lies there any more.
            for act in [Step.Act.pass, .draft, .user] { add(party, act, &random) }
            add(other, .sync, &random)
            acts = one(of: [[.send, .takeAnswer], [.loseAnswer, .crash], [.post, .post, .deliver]], &random)
        case 9: acts = one(of: [[.tearUpload, .sync], [.tearDownload, .sync]], &random)
        case 10: acts = one(of: [[.hasty], [.agentPowerCut], [.crashSoon], [.loseUploads, .sync]], &random)
        default:
            let faults: [[Step.Act]] = [
                [.hubCrashSoon, .hubStart], [.shareLook, .phone, .shareTake], [.hubCrash], [.exile], [.powerCut],
            ]
            acts = one(of: faults, &random)
        }
        for act in acts { add(party, act, &random) }
    }

    private func one(of ways: [[Step.Act]], _ random: inout SplitMix) -> [Step.Act] {
        ways.randomElement(using: &random) ?? []
    }
}
