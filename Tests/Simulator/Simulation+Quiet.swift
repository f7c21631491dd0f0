import Engine
import Index
import SyncCore

extension Simulation {
    /// Everybody does what can be done; who had trouble tries again.
    func live() throws {
        for _ in 0..<4 {
            for agent in agents {
                try agent.lookAgain()
                try pass(agent)
            }
        }
    }

    /// Everybody is connected and nobody works: everything must become equal within few rounds.
    /// - Parameter comparing: all trees are to be equal then, and each promise kept; not where something is ignored.
    func quiesce(comparing: Bool = true) throws {
        tell("  quiet")
        endTrouble()
        hub.disk.fuse = nil
        hub.stepFuse = nil
        hub.paused = []
        hub.lines = [:]
        hub.share.isMounted = true
        note(phone.end())
        try hub.start()
        for agent in agents {
            try agent.connect()
            agent.tree.fuse = nil
            agent.tree.isMounted = true
        }
        var random = SplitMix(seed: 1)
        for round in 0..<40 {
            // First everything is said.
            if round > 3, mood == .held, try decideAll() { continue }
            world.now += 3_000_000_000
            try hub.settle()
            for agent in agents {
                if mood == .failing { try agent.lookAgain() }
                try agent.lookAll()
                try agent.hashAgain()
                try agent.takeHashes()
                try agent.hash(1_000)
                try agent.takeHashes()
                try agent.send(loses: false)
                try agent.takeAnswer()
                for _ in 0..<3 where try agent.draft(100) > 0 {
                    try agent.send(loses: false)
                    try agent.takeAnswer()
                }
                try receiveAll(agent, &random)
                try agent.lookAll()
                try agent.report()
                try complain()
            }
            try hub.settle()
            if try hub.isIdle, try mood != .held || hub.journal.heldBatches().isEmpty,
                try agents.allSatisfy({ try $0.isIdle })
            {
                return comparing ? try check() : ()
            }
        }
        throw Violation(.convergence, "no peace after 40 rounds\n" + agents.map(state).joined(separator: "\n"))
    }

    func complain() throws {
        if let problem = (problems + hub.violations).first { throw problem }
    }

    private func state(_ agent: SimulatedAgent) -> String {
        var lines = [
            "agent \(agent.number): received \((try? agent.index.received.rawValue) ?? -1) of \((try? hub.journal.head.rawValue) ?? -1), events \(agent.tree.events.count), racy \(agent.folder.racy.count), inflight \((try? agent.index.inflightRequest) ?? "none")"
        ]
        for key in (try? agent.index.unsettled(limit: 100)) ?? [] {
            let subject = try? agent.index.subject(of: key)
            lines.append("    unsettled \(key): \(subject.map { "\($0.verdict)" } ?? "?")")
        }
        for trouble in (try? agent.index.troubles()) ?? [] {
            lines.append("    trouble \(trouble.path): \(trouble.reason)")
        }
        lines += agent.tree.things().map { "    \($0)" }
        return lines.joined(separator: "\n")
    }
}
