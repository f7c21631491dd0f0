import Engine
import Index
import Journal
import SyncCore

/// One thing that happens. What exactly it does comes from its own seed, so that a history stays one when steps are
/// taken out.
struct Step: Hashable, CustomStringConvertible {
    enum Act: String, CaseIterable {
        case user, events, look, finish, hash, takeHashes, draft, send, loseAnswer, takeAnswer, ask, takePage, fetch,
            place
        case all, sync, crash, crashSoon, beginAgain, loseUploads, unmount, offline, online, overflow, interlope,
            quiesce, pass
    }
    var agent: Int
    var act: Act
    var seed: UInt64

    var description: String { "\(agent) \(act.rawValue) \(seed)" }

    init(agent: Int, act: Act, seed: UInt64) {
        self.agent = agent
        self.act = act
        self.seed = seed
    }

    init?(_ line: some StringProtocol) {
        let words = line.split(separator: " ")
        guard words.count == 3, let agent = Int(words[0]), let act = Act(rawValue: String(words[1])),
            let seed = UInt64(words[2])
        else { return nil }
        self.init(agent: agent, act: act, seed: seed)
    }
}

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

/// Why a history failed.
struct Violation: Error, CustomStringConvertible {
    var description: String
    init(_ description: String) { self.description = description }
}

/// Carries a history out, and looks whether the promises of DESIGN §4 were kept.
final class Simulation {
    private let clock = Clock()
    private let contents = Contents()
    let hub: SimulatedHub
    private(set) var agents: [SimulatedAgent] = []
    private let traces = Traces()
    private let mood: Mood
    private var problems: [String] = []
    /// What each step did, for a person.
    private(set) var log: [String] = []
    /// What the one user had made when he stopped.
    private var wanted: [Thing]?
    private var worker: Int?

    init(_ mood: Mood, agents count: Int) throws {
        self.mood = mood
        hub = try SimulatedHub(clock: clock, contents: contents)
        for number in 0..<count {
            let agent = try SimulatedAgent(number, hub: hub, clock: clock, contents: contents)
            agent.tree.willDestroy = { [unowned self] bytes, path in
                if !hub.holds(contents.digest(of: bytes)) {
                    problems.append(
                        "agent \(number) destroys bytes that nobody else has: \(String(decoding: bytes, as: UTF8.self)) at \(path)"
                    )
                }
            }
            agent.note = { [unowned self] in log.append("      agent \(number) " + Simulation.short($0)) }
            agents.append(agent)
        }
    }

    private static func short(_ text: String) -> String {
        var text = text.split(separator: "SyncCore.").joined()
        for word in ["rawValue: ", "contentVersion: ", "locationVersion: ", "Version(", "FileContent(", "EngineTests."]
        {
            text = text.split(separator: word).joined()
        }
        return text
    }

    static func run(_ history: History) throws -> [String] {
        let simulation = try Simulation(history.mood, agents: history.agents)
        do {
            for step in history.steps { try simulation.perform(step) }
            try simulation.quiesce()
        } catch {
            throw Violation("\(error)\n" + simulation.log.joined(separator: "\n"))
        }
        return simulation.log
    }

    // MARK: - Steps

    func perform(_ step: Step) throws {
        var random = SplitMix(seed: step.seed)
        let agent = agents[step.agent % agents.count]
        clock.now += random.once(in: 2) ? 3_000_000_000 : 1_000_000
        log.append("  \(step)")
        do {
            try perform(step.act, agent, &random)
        } catch is Crash {
            log.append("    dies")
            try agent.restart()
        }
        try complain()
    }

    private func perform(_ act: Step.Act, _ agent: SimulatedAgent, _ random: inout SplitMix) throws {
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
        case .beginAgain:
            guard mood == .chaos || mood == .apart else { return }
            traces.forgives = true
            try agent.beginAgain()
        case .loseUploads: hub.staged = []
        case .unmount:
            agent.tree.isMounted = false
            defer { agent.tree.isMounted = true }
            try perform(.sync, agent, &random)
        case .crashSoon:
            agent.tree.fuse = Int.random(in: 0...12, using: &random)
            try perform(.sync, agent, &random)
        case .offline: agent.isConnected = false
        case .online: agent.isConnected = true
        case .overflow: try agent.loseEvents()
        case .interlope: try interlope(agent, &random)
        case .quiesce: try quiesce()
        }
    }

    /// Where only one user works at a time, everything is quiet before another begins.
    private func changeShift(to agent: SimulatedAgent) throws {
        if mood == .turns, let worker, worker != agent.number { try quiesce() }
        worker = agent.number
    }

    private func work(_ agent: SimulatedAgent, _ random: inout SplitMix) {
        let user = User(number: agent.number, tree: agent.tree, traces: traces)
        log.append("    user \(agent.number) " + user.act(&random))
        wanted = agent.tree.things()
    }

    /// The user works while the engine does.
    private func interlope(_ agent: SimulatedAgent, _ random: inout SplitMix) throws {
        try changeShift(to: agent)
        var chance = random
        agent.tree.interloper = { [unowned self] in
            if chance.once(in: 4) { work(agent, &chance) }
        }
        defer { agent.tree.interloper = nil }
        try perform(.sync, agent, &random)
    }

    private func sendAll(_ agent: SimulatedAgent, _ random: inout SplitMix) throws {
        try agent.send(loses: random.once(in: 8))
        try agent.takeAnswer()
        for _ in 0..<3 {
            if try agent.draft(20) == 0 { break }
            try agent.send(loses: random.once(in: 8))
            try agent.takeAnswer()
        }
    }

    private func receiveAll(_ agent: SimulatedAgent, _ random: inout SplitMix) throws {
        for _ in 0..<3 {
            try agent.askForPage(Int.random(in: 1...50, using: &random))
            try agent.takePage()
        }
        try agent.fetch(50)
        try agent.place()
    }

    /// One round of one agent: looks, sends, receives.
    func pass(_ agent: SimulatedAgent, loses: Bool = false) throws {
        clock.now += 3_000_000_000
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
    }

    // MARK: - Quiet

    /// Everybody is connected and nobody works: everything must become equal within few rounds.
    func quiesce() throws {
        log.append("  quiet")
        for agent in agents {
            agent.isConnected = true
            agent.tree.fuse = nil
        }
        var random = SplitMix(seed: 1)
        for _ in 0..<40 {
            clock.now += 3_000_000_000
            for agent in agents {
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
                try complain()
            }
            if try agents.allSatisfy({ try $0.isIdle }) { return try check() }
        }
        throw Violation("no peace after 40 rounds\n" + agents.map(state).joined(separator: "\n"))
    }

    private func complain() throws {
        if let problem = (problems + hub.violations).first { throw Violation(problem) }
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

    // MARK: - Promises

    private func check() throws {
        let share = hub.share.things()
        let journal = try hub.things()
        if withoutDirectoryTimes(share) != withoutDirectoryTimes(journal) {
            throw Violation("the share is not the journal's tree\n\(difference(share, journal))")
        }
        for agent in agents {
            let mine = agent.tree.things()
            if mine != share {
                throw Violation("agent \(agent.number) is not equal to the share\n\(difference(mine, share))")
            }
            if try agent.index.applied != hub.journal.head {
                throw Violation("agent \(agent.number): applied is not the head")
            }
            if let sick = try sickness(of: agent) { throw Violation("agent \(agent.number)'s index: \(sick)") }
        }
        try checkConflicts()
        let tags = Set(
            share.flatMap { thing in
                thing.content.file.flatMap { contents.bytes(of: $0.digest) }.map(Traces.tags(in:)) ?? []
            })
        let back = traces.forgives ? [] : tags.intersection(traces.gone)
        if !back.isEmpty { throw Violation("deleted by one, touched by nobody else, and back: \(back.sorted())") }
        if let problem = try hub.journal.check().first { throw Violation("journal: \(problem)") }
    }

    private func checkConflicts() throws {
        guard mood == .alone || mood == .turns else { return }
        if let wanted, wanted != hub.share.things() {
            throw Violation(
                "only one user worked, and the result is not what he made\n\(difference(wanted, hub.share.things()))")
        }
        if let conflict = try hub.journal.openConflicts().first {
            throw Violation("nothing met, and there is a conflict: \(conflict.copy.name)")
        }
    }

    private func withoutDirectoryTimes(_ things: [Thing]) -> [Thing] { things }

    private func difference(_ left: [Thing], _ right: [Thing]) -> String {
        let (a, b) = (Set(left), Set(right))
        return
            (a.subtracting(b).sorted { $0.path < $1.path }.map { "  - \($0)" }
            + b.subtracting(a).sorted { $0.path < $1.path }.map { "  + \($0)" }).joined(separator: "\n")
    }

    /// All three trees must agree where nothing waits.
    private func sickness(of agent: SimulatedAgent) throws -> String? {
        let live = try hub.journal.changes(after: .zero, limit: 100_000).nodes.filter { !$0.isDeleted }
        for node in live {
            guard let subject = try agent.index.subject(of: .node(node.id)) else {
                return "node \(node.id.rawValue) is not known"
            }
            if subject.verdict != .settled { return "node \(node.id.rawValue): \(subject.verdict)" }
            if subject.synced != SyncedState(node) {
                return "node \(node.id.rawValue): synced is \(subject.synced as Any), the hub has \(node)"
            }
        }
        if !(try agent.index.vanished().isEmpty) { return "rows are left that vanished" }
        return nil
    }
}
