import Engine
import Index
import Journal
import SyncCore

/// Carries a history out, and looks whether the promises were kept.
final class Simulation {
    let clock = Clock()
    let contents = Contents()
    let hub: SimulatedHub
    private(set) var agents: [SimulatedAgent] = []
    let traces = Traces()
    let mood: Mood
    /// What was found broken in the middle of a step.
    var problems: [Violation] = []
    /// What each step did, for a person; empty unless it is asked for, since words cost more than the work.
    private(set) var log: [String] = []
    private let isTelling: Bool
    /// What the one user had made when he stopped.
    var wanted: [Thing]?
    var worker: Int?

    init(_ mood: Mood, agents count: Int, telling: Bool = false) throws {
        self.mood = mood
        isTelling = telling
        hub = try SimulatedHub(clock: clock, contents: contents)
        for number in 0..<count {
            let agent = try SimulatedAgent(number, hub: hub, clock: clock, contents: contents)
            agent.tree.willDestroy = { [unowned self] bytes, path in
                if hub.holds(contents.digest(of: bytes)) { return }
                let text = "agent \(number) destroys what nobody else has: \(String(decoding: bytes, as: UTF8.self))"
                problems.append(Violation(.noLostBytes, "\(text) at \(path)"))
            }
            if telling { agent.note = { [unowned self] in tell("      agent \(number) " + Simulation.short($0)) } }
            agents.append(agent)
        }
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
    static func run(_ history: History, telling: Bool = false) throws -> [String] {
        let simulation = try Simulation(history.mood, agents: history.agents, telling: telling)
        do {
            for step in history.steps { try simulation.perform(step) }
            try simulation.quiesce()
        } catch {
            var violation = error as? Violation ?? Violation(.convergence, "an error that nobody expected: \(error)")
            if telling { violation.text += "\n" + simulation.log.joined(separator: "\n") }
            throw violation
        }
        return simulation.log
    }
}
