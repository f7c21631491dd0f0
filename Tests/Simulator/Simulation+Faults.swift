import Engine
import Journal
import SyncCore

/// What is done to the messages, the hub, the share and the clocks.
extension Simulation {
    /// - Returns: false if the step is none of these.
    func performFault(_ act: Step.Act, _ agent: SimulatedAgent, _ random: inout SplitMix) throws -> Bool {
        switch act {
        case .post, .deliver, .loseRequest, .loseReply, .tearUpload, .tearDownload, .report, .hello, .pause, .resume,
            .goStale, .collect:
            try performMessage(act, agent)
        case .phone, .phoneBegins, .phoneEnds, .phoneBreaks, .phoneInterlopes: try performPhone(act, agent, &random)
        case .shareLook, .shareTake, .shareConclude, .hubSettle, .hubFlush, .hubRetry: try performHub(act)
        case .hubCrash, .hubCrashSoon, .hubStart, .hubDies, .powerCut: try performCrash(act, agent, &random)
        case .agentPowerCut: try cutPower(of: agent, &random)
        case .exile: try exile(agent, &random)
        case .hasty: try hasten(agent, &random)
        case .approve, .reject: try decideNext(isApproved: act == .approve)
        case .unplug: agent.tree.isMounted = false
        case .plug: agent.tree.isMounted = true
        case .shareUnplug: hub.share.isMounted = false
        case .sharePlug: hub.share.isMounted = true
        case .clockJump:
            // By years, in odd amounts: no moment comes twice.
            let jump = Int64.random(in: -40_000...40_000, using: &random) * 3_600_000_000_123
            let clock = random.once(in: 3) ? hub.clock : agent.tree.clock
            if !ignoresClocks { clock.offset += jump }
        default: return false
        }
        return true
    }

    /// One is away for so long that nobody waits for it, while another deletes something and the hub forgets that.
    private func exile(_ agent: SimulatedAgent, _ random: inout SplitMix) throws {
        guard mood != .alone, mood != .turns else { return }
        agent.isConnected = false
        agent.isStale = true
        for other in agents where other !== agent && other.isConnected {
            var user = User(number: other.number, tree: other.tree, traces: traces)
            user.repertoire = [.delete, .deleteTree, .delete, .replaceFileByDirectory, .replaceDirectoryByFile]
            let done = user.act(&random)
            remember("user \(other.number) " + done)
        }
        for _ in 0..<2 {
            for other in agents where other !== agent {
                try pass(other)
                try other.report()
            }
        }
        try collect()
    }

    /// A process that has just started is asked to send and to place before it has looked at its folder.
    private func hasten(_ agent: SimulatedAgent, _ random: inout SplitMix) throws {
        agent.tree.fuse = Int.random(in: 0...20, using: &random)
        do { try perform(.sync, agent, &random) } catch is Crash {}
        try agent.restart()
        for _ in 0..<2 {
            if random.once(in: 2) { try sendAll(agent, &random) } else { try receiveAll(agent, &random) }
        }
    }

    /// The machine loses its power in the middle of things; what it synced before is there afterwards.
    private func cutPower(of agent: SimulatedAgent, _ random: inout SplitMix) throws {
        if random.once(in: 2) { agent.tree.fuse = Int.random(in: 0...25, using: &random) }
        do { try perform(.sync, agent, &random) } catch is Crash {}
        agent.tree.cutPower()
        try agent.restart()
    }

    private func performMessage(_ act: Step.Act, _ agent: SimulatedAgent) throws {
        switch act {
        case .post: try agent.post()
        case .deliver: try agent.deliver(loses: false)
        case .loseReply: try agent.deliver(loses: true)
        case .loseRequest: _ = hub.lines[agent.number]?.popLast()
        case .tearUpload: agent.tearsNextUpload = true
        case .tearDownload: agent.tearsNextDownload = true
        case .report: try agent.report()
        case .hello: try agent.hello()
        case .goStale:
            agent.isConnected = false
            agent.isStale = true
        case .collect: try collect()
        case .pause: hub.paused.insert(agent.name)
        default: hub.paused.remove(agent.name)
        }
    }

    /// Tombstones that no client needs go. Who is waited for must not have missed one.
    private func collect() throws {
        guard hub.isUp else { return }
        let clients = try agents.map { agent in
            CollectionRule.Client(
                name: agent.name, cursor: try hub.journal.client(named: agent.name)?.cursor ?? .zero,
                isLive: !agent.isStale)
        }
        // Who has come back from where nobody waited for it has missed some already, and will take a snapshot.
        let waited = try agents.filter {
            try !$0.isStale && !$0.wasSetBack && !$0.index.hasMissed(hub.journal.collected)
        }
        try hub.journal.collectTombstones(upTo: CollectionRule.limit(clients, head: hub.journal.head))
        for agent in waited where try agent.index.hasMissed(hub.journal.collected) {
            hub.complain(.cursorsGoForward, "a tombstone went before \(agent.name) had passed it")
        }
    }

    private func performPhone(_ act: Step.Act, _ agent: SimulatedAgent, _ random: inout SplitMix) throws {
        if act == .phone || act == .phoneBegins || act == .phoneInterlopes { try changeShift(to: Phone.number) }
        switch act {
        case .phone: work(&random)
        case .phoneBegins: note(phone.begin(&random))
        case .phoneEnds: note(phone.end())
        case .phoneBreaks:
            phone.breakOff()
            wanted = hub.share.things()
        default:
            var chance = random
            hub.disk.interloper = { [unowned self] path in
                if let path, chance.once(in: 3) { return note(phone.meddle(at: path, &chance)) }
                if chance.once(in: 12) { work(&chance) }
            }
            defer { hub.disk.interloper = nil }
            if random.once(in: 2) { try hub.settle() } else { try perform(.sync, agent, &random) }
        }
    }

    private func work(_ random: inout SplitMix) {
        note(phone.act(&random))
    }

    /// What the phone did, if it did anything.
    func note(_ done: String?) {
        guard let done else { return }
        remember("phone " + done)
        wanted = hub.share.things()
    }

    private func performHub(_ act: Step.Act) throws {
        try hub.start()
        _ = try hub.alive {
            switch act {
            case .shareLook: try hub.watch.look()
            case .shareTake: try hub.watch.take()
            case .shareConclude: try hub.watch.conclude()
            case .hubFlush: try hub.placer.flush()
            case .hubRetry: try hub.placer.retry()
            default: try hub.settle()
            }
        }
        try hub.examineHistory()
    }

    private func performCrash(_ act: Step.Act, _ agent: SimulatedAgent, _ random: inout SplitMix) throws {
        switch act {
        case .hubCrash: hub.die()
        case .hubStart:
            if !hub.isUp { hub.disk.fuse = random.once(in: 2) ? Int.random(in: 0...12, using: &random) : nil }
            try hub.start()
        case .hubDies:
            // Looking at the share would burn it down.
            hub.disk.fuse = Int.random(in: 0...12, using: &random)
            try agent.lookAll()
            try agent.hash(100)
            try agent.takeHashes()
            try sendAll(agent, &random)
        case .powerCut:
            // What the phone deleted a moment ago may be there again.
            traces.forgives = true
            phone.losesWork = true
            phone.breakOff()
            hub.disk.cutPower()
            hub.die()
        default:
            // It burns until there is something to do.
            if random.once(in: 3) {
                hub.stepFuse = Int.random(in: 0...3, using: &random)
            } else {
                hub.disk.fuse = Int.random(in: 0...(random.once(in: 2) ? 8 : 30), using: &random)
            }
            if random.once(in: 3) { try performHub(.hubSettle) } else { try perform(.sync, agent, &random) }
        }
    }
}
