/// Histories at random: the seed decides everything.
extension History {
    init(seed: UInt64, mood: Mood? = nil) {
        var random = SplitMix(seed: seed)
        let mood = mood ?? Mood.ofSeed(seed)
        let agents = Int.random(in: 2...4, using: &random)
        self.init(mood: mood, agents: agents, steps: [])
        switch mood {
        case .chaos, .clocks:
            for _ in 0..<Int.random(in: 20...70, using: &random) { steps.append(chaos(&random)) }
        case .alone: alone(&random)
        case .turns: turns(&random)
        case .apart: apart(&random)
        case .crowded: crowded(&random)
        case .starts: starts(&random)
        case .restored: restored(&random)
        case .held: held(&random)
        case .failing: failing(&random)
        }
    }

    // MARK: - Moods

    private func chaos(_ random: inout SplitMix) -> Step {
        let agent = Int.random(in: 0..<agents, using: &random)
        let act: Step.Act
        switch Int.random(in: 0..<12, using: &random) {
        case 0...2: act = random.once(in: 5) ? .interlope : .user
        case 3: act = pick(Acts.phone, &random)
        case 4, 5: act = pick(Acts.hub, &random)
        case 6: act = pick(Acts.message, &random)
        case 7: act = pick(mood == .clocks ? [.clockJump, .clockJump, .exile] : Acts.forgetful, &random)
        case 8: act = pick(Acts.fault, &random)
        default: act = pick(Acts.work, &random)
        }
        return Step(agent: agent, act: act, seed: random.next())
    }

    /// Steps around the work of one: an agent's user, or the phone (nil).
    private mutating func work(of worker: Int?, _ count: Int, _ random: inout SplitMix) {
        for _ in 0..<count {
            let other = Int.random(in: 0..<agents, using: &random)
            let agent = random.once(in: 3) ? other : worker ?? other
            let act: Step.Act
            switch Int.random(in: 0..<9, using: &random) {
            case 0...2:
                if worker == nil {
                    act = pick(Acts.phone, &random)
                } else {
                    act = agent != worker ? .sync : random.once(in: 12) ? .interlope : .user
                }
            case 3: act = pick(Acts.hub, &random)
            case 4: act = pick(random.once(in: 2) ? Acts.message : Acts.fault, &random)
            default: act = pick(Acts.work, &random)
            }
            steps.append(Step(agent: agent, act: act, seed: random.next()))
        }
    }

    private mutating func alone(_ random: inout SplitMix) {
        work(of: random.once(in: 4) ? nil : 0, Int.random(in: 20...70, using: &random), &random)
    }

    private mutating func turns(_ random: inout SplitMix) {
        for _ in 0..<4 {
            let worker = random.once(in: 4) ? nil : Int.random(in: 0..<agents, using: &random)
            work(of: worker, Int.random(in: 4...14, using: &random), &random)
            steps.append(Step(agent: 0, act: .quiesce, seed: random.next()))
        }
    }

    private mutating func apart(_ random: inout SplitMix) {
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
            for _ in 0..<Int.random(in: 0...3, using: &random) {
                steps.append(Step(agent: 0, act: pick(Acts.phone, &random), seed: random.next()))
            }
            for _ in 0..<Int.random(in: 0...10, using: &random) {
                let agent = Int.random(in: 0..<agents, using: &random)
                let sorts = [Acts.work, Acts.work, Acts.message, Acts.hub, Acts.fault, Acts.forgetful]
                let act = pick(sorts.randomElement(using: &random) ?? [], &random)
                steps.append(Step(agent: agent, act: act, seed: random.next()))
            }
            if random.once(in: 2) { steps.append(Step(agent: 0, act: .quiesce, seed: random.next())) }
        }
    }

    private func pick(_ acts: [Step.Act], _ random: inout SplitMix) -> Step.Act {
        acts.randomElement(using: &random) ?? .all
    }
}

/// Acts by sort, usual ones more often.
private enum Acts {
    static let work: [Step.Act] = [
        .events, .look, .finish, .hash, .takeHashes, .draft, .send, .loseAnswer, .takeAnswer, .ask, .takePage, .fetch,
        .place, .all, .all, .sync, .sync, .sync, .pass,
    ]
    static let message: [Step.Act] = [
        .post, .post, .deliver, .deliver, .loseRequest, .loseReply, .loseReply, .tearUpload, .tearDownload, .report,
        .hello, .pause, .resume, .resume, .offline, .online, .online, .goStale, .collect, .collect, .report,
    ]
    static let fault: [Step.Act] = [
        .crash, .crashSoon, .crashSoon, .agentPowerCut, .hasty, .hasty, .overflow, .loseUploads, .unmount, .unplug,
        .plug, .plug,
        .clockJump,
    ]
    /// After these, what is known for certain is less.
    static let forgetful: [Step.Act] = [
        .beginAgain, .powerCut, .powerCut, .hubCrashSoon, .exile, .exile, .exile,
    ]
    static let hub: [Step.Act] = [
        .shareLook, .shareTake, .shareConclude, .hubSettle, .hubSettle, .hubFlush, .hubRetry, .hubCrash,
        .hubCrashSoon, .hubCrashSoon, .hubStart, .hubStart, .shareUnplug, .sharePlug, .sharePlug,
    ]
    static let phone: [Step.Act] = [
        .phone, .phone, .phone, .phone, .phoneBegins, .phoneEnds, .phoneEnds, .phoneBreaks, .phoneInterlopes,
        .phoneInterlopes,
    ]
}
