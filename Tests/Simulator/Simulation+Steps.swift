import Engine
import SyncCore

extension Simulation {
    func perform(_ step: Step) throws {
        var random = SplitMix(seed: step.seed)
        let agent = agents[step.agent % agents.count]
        world.now += random.once(in: 2) ? 3_000_000_000 : 1_000_000
        tell("  \(step)")
        do {
            if try !performFault(step.act, agent, &random), try !performRestoring(step.act, agent),
                !performTrouble(step.act, agent, &random)
            {
                try perform(step.act, agent, &random)
            }
        } catch is Crash {
            tell("    dies")
            // A fuse that was laid in an earlier step may have burnt in another one's.
            for other in agents where other === agent || other.tree.hasBurnt { try startAgain(other) }
        } catch let error where Trouble.isCause(of: error) && mood == .failing {
            // Whoever does it logs it, and tries again later.
            tell("    fails: \(error)")
        }
        try complain()
    }

    /// A start that fails is followed by another.
    private func startAgain(_ agent: SimulatedAgent) throws {
        while true {
            do { return try agent.restart() } catch let error where Trouble.isCause(of: error) && mood == .failing {
                tell("    cannot start: \(error)")
            }
        }
    }

    func perform(_ act: Step.Act, _ agent: SimulatedAgent, _ random: inout SplitMix) throws {
        switch act {
        case .user:
            try changeShift(to: agent)
            work(agent, &random)
        case .events: _ = try agent.takeEvents(Int.random(in: 1...4, using: &random))
        case .look: try agent.lookOn(Int.random(in: 1...5, using: &random))
        case .finish: try agent.finishLooking()
        case .hash: try agent.hash(Int.random(in: 1...3, using: &random))
        case .takeHashes: try agent.takeHashes()
        case .draft: try agent.draft(Int.random(in: 1...6, using: &random))
        case .send: try agent.send(loses: false)
        case .loseAnswer: try agent.send(loses: true)
        case .takeAnswer: try agent.takeAnswer()
        case .ask: try agent.askForPage(Int.random(in: 1...4, using: &random))
        case .takePage: try agent.takePage()
        case .fetch:
            var chance = random
            try agent.fetch(Int.random(in: 1...3, using: &random)) { _ in chance.once(in: 3) }
        case .place: try agent.place()
        case .pass:
            try agent.lookAll()
            try agent.hash(100)
            try agent.takeHashes()
        case .all, .sync:
            try agent.lookAll()
            try agent.hash(100)
            try agent.takeHashes()
            if act == .sync || random.once(in: 2) { try sendAll(agent, &random) }
            if act == .sync || random.once(in: 2) { try receiveAll(agent, &random) }
        case .crash: try agent.restart()
        case .diePlacing:
            agent.tree.fuse = Int.random(in: 0...6, using: &random)
            defer { agent.tree.fuse = nil }
            try receiveAll(agent, &random)
        case .beginAgain:
            guard mood == .chaos || mood == .apart else { return }
            traces.forgives = true
            try agent.forget()
        case .loseUploads: hub.staging[agent.name] = nil
        case .unmount:
            agent.tree.isMounted = false
            defer { agent.tree.isMounted = true }
            try perform(.sync, agent, &random)
        case .crashSoon:
            agent.tree.fuse = Int.random(in: 0...12, using: &random)
            try perform(.sync, agent, &random)
        case .offline: agent.isConnected = false
        case .online: try agent.connect()
        case .overflow: try agent.loseEvents()
        case .interlope: try interlope(agent, &random)
        case .quiesce: try quiesce()
        default: preconditionFailure("\(act) is no step of an agent")
        }
    }

    /// Where only one user works at a time, everything is quiet before another begins.
    private func changeShift(to agent: SimulatedAgent) throws { try changeShift(to: agent.number) }

    func changeShift(to number: Int) throws {
        if mood == .turns, let worker, worker != number { try quiesce() }
        worker = number
    }

    private func work(_ agent: SimulatedAgent, _ random: inout SplitMix) {
        let user = User(number: agent.number, tree: agent.tree, traces: traces)
        // Before it is told: what is not told is not even evaluated.
        let done = user.act(&random)
        remember("user \(agent.number) " + done)
        wanted = agent.tree.things()
    }

    /// Somebody did something.
    func remember(_ deed: String) {
        if mood == .clocks { deeds.append(deed) }
        tell("    " + deed)
    }

    /// The user does something to the very name that the engine is about to change.
    private func meddle(_ agent: SimulatedAgent, _ path: RelativePath, _ random: inout SplitMix) {
        let user = User(number: agent.number, tree: agent.tree, traces: traces)
        guard let done = user.meddle(at: path, &random) else { return }
        remember("user \(agent.number) " + done)
        wanted = agent.tree.things()
    }

    /// The user works while the engine does.
    private func interlope(_ agent: SimulatedAgent, _ random: inout SplitMix) throws {
        try changeShift(to: agent)
        var chance = random
        agent.tree.interloper = { [unowned self] path in
            if let path, chance.once(in: 3) { return meddle(agent, path, &chance) }
            if chance.once(in: 10) { work(agent, &chance) }
        }
        defer { agent.tree.interloper = nil }
        try perform(.sync, agent, &random)
    }

    func sendAll(_ agent: SimulatedAgent, _ random: inout SplitMix) throws {
        try agent.send(loses: random.once(in: 8))
        try agent.takeAnswer()
        for _ in 0..<3 {
            if try agent.draft(20) == 0 { break }
            try agent.send(loses: random.once(in: 8))
            try agent.takeAnswer()
        }
    }

    func receiveAll(_ agent: SimulatedAgent, _ random: inout SplitMix) throws {
        for _ in 0..<3 {
            try agent.askForPage(Int.random(in: 1...50, using: &random))
            try agent.takePage()
        }
        try agent.fetch(50)
        try agent.place()
    }

    /// One round of one agent: looks, sends, receives.
    func pass(_ agent: SimulatedAgent, loses: Bool = false) throws {
        world.now += 3_000_000_000
        try agent.lookAll()
        try agent.hash(1_000)
        try agent.takeHashes()
        try agent.draft(100)
        try agent.send(loses: loses)
        try agent.takeAnswer()
        try agent.askForPage(100)
        try agent.takePage()
        try agent.fetch(100)
        try agent.place()
        try hub.settle()
    }
}
