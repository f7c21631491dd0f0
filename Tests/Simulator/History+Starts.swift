/// Deaths in the middle of placing, at the hub and at an agent, and work that comes before anybody has looked around.
extension History {
    mutating func starts(_ random: inout SplitMix) {
        for _ in 0..<3 { add(0, .user, &random) }
        add(0, .quiesce, &random)
        for _ in 0..<Int.random(in: 3...6, using: &random) {
            let writer = Int.random(in: 0..<agents, using: &random)
            let other = (writer + Int.random(in: 1..<agents, using: &random)) % agents
            for _ in 0..<Int.random(in: 1...2, using: &random) { add(writer, .user, &random) }
            switch Int.random(in: 0..<4, using: &random) {
            case 0, 1:
                add(writer, .sync, &random)
                if random.once(in: 3) { add(other, .user, &random) }
                add(other, .diePlacing, &random)
                for act in [Step.Act.user, .user, .sync] { add(writer, act, &random) }
                if random.once(in: 3) { add(other, .user, &random) }
                goOnBlindly(other, &random)
            case 2:
                add(writer, .hubDies, &random)
                if random.once(in: 3) { add(0, .phone, &random) }
                for _ in 0..<Int.random(in: 1...3, using: &random) { add(writer, .hubStart, &random) }
                if random.once(in: 2) { add(writer, .sync, &random) }
            default:
                // It has said something, and died before it heard the answer.
                add(writer, .crashSoon, &random)
                goOnBlindly(writer, &random)
                add(other, .sync, &random)
            }
            if random.once(in: 3) { add(other, .sync, &random) }
            if random.once(in: 3) { add(0, .quiesce, &random) }
        }
    }

    /// Sends and receives without a look.
    private mutating func goOnBlindly(_ agent: Int, _ random: inout SplitMix) {
        let sends: [Step.Act] = [.draft, .send, .takeAnswer]
        let receives: [Step.Act] = [.ask, .takePage, .ask, .takePage, .fetch, .place]
        for acts in [sends, receives].shuffled(using: &random) where !random.once(in: 4) {
            for act in acts { add(agent, act, &random) }
        }
        add(agent, random.once(in: 3) ? .crash : .sync, &random)
    }
}
