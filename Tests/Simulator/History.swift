/// What kind of history: who works when.
enum Mood: String, CaseIterable {
    /// Everybody at any time.
    case chaos
    /// One user only; the others look on. No conflict can be, and what the user has is what all get.
    case alone
    /// One user at a time, and all in sync in between.
    case turns
    /// Everybody, with short names in few places, and long times without the hub.
    case apart
}

struct History {
    var mood: Mood
    var agents: Int
    var steps: [Step]

    /// - Parameter seed: decides everything.
    init(seed: UInt64, mood: Mood? = nil) {
        var random = SplitMix(seed: seed)
        self.mood = mood ?? Mood.allCases[Int(seed % UInt64(Mood.allCases.count))]
        agents = Int.random(in: 2...4, using: &random)
        steps = []
        switch self.mood {
        case .chaos:
            for _ in 0..<Int.random(in: 20...70, using: &random) {
                steps.append(History.step(Int.random(in: 0..<agents, using: &random), &random))
            }
        case .alone:
            for _ in 0..<Int.random(in: 20...70, using: &random) {
                let agent = random.once(in: 3) ? Int.random(in: 0..<agents, using: &random) : 0
                steps.append(History.step(agent, &random, userAllowed: agent == 0))
            }
        case .turns:
            for _ in 0..<4 {
                let worker = Int.random(in: 0..<agents, using: &random)
                for _ in 0..<Int.random(in: 4...14, using: &random) {
                    let agent = random.once(in: 3) ? Int.random(in: 0..<agents, using: &random) : worker
                    steps.append(History.step(agent, &random, userAllowed: agent == worker))
                }
                steps.append(Step(agent: 0, act: .quiesce, seed: random.next()))
            }
        case .apart:
            for agent in 0..<agents {
                for _ in 0..<3 { steps.append(Step(agent: agent, act: .user, seed: random.next())) }
            }
            steps.append(Step(agent: 0, act: .quiesce, seed: random.next()))
            for _ in 0..<3 {
                for agent in 0..<agents {
                    for _ in 0..<Int.random(in: 0...4, using: &random) {
                        steps.append(Step(agent: agent, act: random.once(in: 4) ? .pass : .user, seed: random.next()))
                    }
                }
                for _ in 0..<Int.random(in: 0...10, using: &random) {
                    steps.append(History.step(Int.random(in: 0..<agents, using: &random), &random, userAllowed: false))
                }
                if random.once(in: 2) { steps.append(Step(agent: 0, act: .quiesce, seed: random.next())) }
            }
        }
    }

    init(mood: Mood, agents: Int, steps: [Step]) {
        self.mood = mood
        self.agents = agents
        self.steps = steps
    }

    /// As a failure prints it.
    init?(_ text: String) {
        var lines = text.split(separator: "\n").map { String($0).split(separator: " ").map(String.init) }
        guard let first = lines.first, first.count == 2, let mood = Mood(rawValue: first[0]), let agents = Int(first[1])
        else { return nil }
        lines.removeFirst()
        self.init(mood: mood, agents: agents, steps: lines.compactMap { Step($0.joined(separator: " ")) })
    }

    var text: String { (["\(mood.rawValue) \(agents)"] + steps.map(\.description)).joined(separator: "\n") }

    private static func step(_ agent: Int, _ random: inout SplitMix, userAllowed: Bool = true) -> Step {
        // Usual things more often than unusual ones.
        let usual: [Step.Act] = [
            .events, .look, .finish, .hash, .takeHashes, .draft, .send, .loseAnswer, .takeAnswer, .ask, .takePage,
            .fetch,
            .place, .all, .all, .sync, .sync, .sync, .pass,
        ]
        let unusual: [Step.Act] = [
            .crash, .crashSoon, .crashSoon, .offline, .online, .online, .overflow, .loseUploads, .unmount, .beginAgain,
        ]
        let act: Step.Act
        if userAllowed, random.once(in: 3) {
            act = random.once(in: 12) ? .interlope : .user
        } else {
            act = (random.once(in: 6) ? unusual : usual).randomElement(using: &random) ?? .all
        }
        return Step(agent: agent, act: act, seed: random.next())
    }
}
