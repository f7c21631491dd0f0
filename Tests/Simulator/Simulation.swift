import Engine
import Index
import Journal
import SyncCore

/// Carries a history out, and looks whether the promises were kept.
final class Simulation {
    let world = World()
    let contents = Contents()
    let hub: SimulatedHub
    let phone: Phone
    private(set) var agents: [SimulatedAgent] = []
    let traces: Traces
    let mood: Mood
    /// What was found broken in the middle of a step.
    var problems: [Violation] = []
    /// What each step did, for a person; empty unless it is asked for, since words cost more than the work.
    private(set) var log: [String] = []
    private let isTelling: Bool
    /// All clocks stay right, whatever the history says.
    var ignoresClocks = false
    /// What the one user had made when he stopped.
    var wanted: [Thing]?
    /// What was deleted, and was nowhere any more when all was quiet.
    var buried: Set<String> = []
    /// What lived when a batch was rejected while all was quiet, the `seq` after that, and whose batch it was.
    var given: (live: [Thing], seq: Sequence, client: String)?
    var worker: Int?
    /// What users and the phone did, in order; only where a history is compared with itself.
    var deeds: [String] = []
    /// The same history with right clocks was one in which they did the same, and so could be compared.
    private(set) var wasCompared = false

    private let databases: Databases

    init(_ mood: Mood, agents count: Int, telling: Bool = false, databases: Databases = Databases()) throws {
        self.databases = databases
        self.mood = mood
        isTelling = telling
        traces = Traces([.crowded, .starts, .failing].contains(mood) ? .crowded : .usual)
        CommitTrouble.end()
        hub = try SimulatedHub(clock: Clock(world), contents: contents, databases: databases)
        phone = Phone(hub, traces)
        if mood == .held { hub.guardRule = MassChangeGuard(percent: 30, least: 2) }
        hub.isWork = { [unowned self] in isWork($0, of: $1) }
        if telling { hub.note = { [unowned self] in tell("      hub " + $0) } }
        for number in 0..<count {
            let agent = try SimulatedAgent(
                number, hub: hub, clock: Clock(world), contents: contents, databases: databases)
            agent.tree.willDestroy = { [unowned self] bytes, path in
                let digest = contents.digest(of: bytes)
                if hub.holds(digest) || phone.destroyed.contains(digest) { return }
                let text = "agent \(number) destroys what nobody else has: \(String(decoding: bytes, as: UTF8.self))"
                problems.append(Violation(.noLostBytes, "\(text) at \(path)"))
            }
            agent.tree.onBreach = { [unowned self] in problems.append(Violation($0, "agent \(number): \($1)")) }
            if telling { agent.note = { [unowned self] in tell("      agent \(number) " + Simulation.short($0)) } }
            agents.append(agent)
        }
    }

    /// Whether the user of a client ever had bytes in hand, as far as they tell: most say whose they are.
    private func isWork(_ content: Content, of client: String) -> Bool {
        guard let digest = content.file?.digest, let bytes = contents.bytes(of: digest),
            let user = Int(client.dropFirst())
        else { return true }
        let tags = Traces.tags(in: bytes)
        return tags.isEmpty || tags.contains { $0.hasPrefix("=") || traces.touchers[$0, default: []].contains(user) }
    }

    func tell(_ line: @autoclosure () -> String) {
        if isTelling { log.append(line()) }
    }

    private static func short(_ text: String) -> String {
        let noise = ["SyncCore.", "rawValue: ", "contentVersion: ", "locationVersion: ", "Version(", "FileContent("]
        return noise.reduce(text) { $0.split(separator: $1).joined() }
    }

    /// - Throws: ``Violation``.
    /// - Returns: what each step did, if `telling`.
    @discardableResult
    static func run(
        _ history: History, telling: Bool = false, databases: Databases = Databases()
    ) throws -> [String] {
        let simulation = try Simulation(history, telling: telling, databases: databases)
        do { try simulation.carryOut(history) } catch {
            var violation = error as? Violation ?? Violation(.convergence, "an error that nobody expected: \(error)")
            if telling { violation.text += "\n" + simulation.log.joined(separator: "\n") }
            throw violation
        }
        simulation.leave()
        return simulation.log
    }

    /// The history is over, and kept its promises: what it lay in may be the next one's.
    private func leave() { databases.take(hub.journal, agents.map(\.index)) }

    convenience init(_ history: History, telling: Bool = false, databases: Databases = Databases()) throws {
        try self.init(history.mood, agents: history.agents, telling: telling, databases: databases)
        hub.disk.keepsWhatIsDurable = history.steps.contains { $0.act == .powerCut }
    }

    /// All steps, and the quiet after them.
    func carryOut(_ history: History) throws {
        for step in history.steps { try perform(step) }
        try quiesce()
        if history.mood == .clocks { try compareWithRightClocks(history) }
    }

    /// DESIGN §4.10: the same history with clocks that are right ends in the same tree, apart from the times of files. What a user
    /// does hangs on what he sees at the moment, and so on how much was read again by then (files that changed a moment ago,
    /// by the clock): where somebody did something else it is another history.
    private func compareWithRightClocks(_ history: History) throws {
        let other = try Simulation(history, databases: databases)
        other.ignoresClocks = true
        for step in history.steps { try other.perform(step) }
        try other.quiesce()
        defer { other.leave() }
        wasCompared = deeds == other.deeds
        guard wasCompared else { return }
        let mine = hub.share.things().map { $0.withoutTime { $0 } }
        // A digest is a number here, in the order in which each of them has read things.
        let theirs = other.hub.share.things().map { thing in
            thing.withoutTime { other.contents.bytes(of: $0).map(contents.digest(of:)) ?? $0 }
        }
        if mine != theirs {
            throw Violation(
                .orderWithoutClocks,
                "with wrong clocks (-) it ends otherwise than with right ones (+)\n\(difference(mine, theirs))")
        }
    }
}

extension Thing {
    fileprivate func withoutTime(_ digest: (Digest) -> Digest) -> Thing {
        switch content {
        case .file(var file):
            (file.digest, file.mtime) = (digest(file.digest), 0)
            return Thing(path: path, content: .file(file))
        case .directory: return self
        case .symlink(let target, _): return Thing(path: path, content: .symlink(target: target, mtime: 0))
        }
    }
}
