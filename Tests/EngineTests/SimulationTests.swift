@testable import Simulator
import Testing

/// A few histories of each mood; `contrib/simulate` runs thousands, and replays one.
struct SimulationTests {
    @Test(arguments: Mood.allCases)
    func `whatever happens in whatever order, nothing is lost and all become equal`(mood: Mood) throws {
        for seed in UInt64(1)...50 {
            do { try Simulation.run(History(seed: seed, mood: mood)) } catch {
                let shrunk = Shrinking.shrink(
                    History(seed: seed, mood: mood), breaking: (error as? Violation)?.promise ?? .convergence)
                try Simulation.run(shrunk, telling: true)
                Issue.record("seed \(seed) fails only now and then: \(error)")
            }
        }
    }

    @Test func `a history is the same in the databases of others`() throws {
        let databases = Databases()
        for seed in UInt64(1)...40 {
            let history = History(seed: seed)
            let told = try Simulation.run(history, telling: true, databases: databases)
            #expect(try told == Simulation.run(history, telling: true))
        }
    }

    @Test func `most histories with wrong clocks are compared with the same ones with right clocks`() throws {
        var compared = 0
        for seed in UInt64(1)...40 {
            let history = History(seed: seed, mood: .clocks)
            let simulation = try Simulation(history)
            try simulation.carryOut(history)
            if simulation.wasCompared { compared += 1 }
        }
        #expect(compared >= 30)
    }

    @Test(arguments: Mood.allCases)
    func `a history that is told ends as one that is not`(mood: Mood) throws {
        var acts = 0
        for seed in UInt64(1)...10 {
            let history = History(seed: seed, mood: mood)
            let (told, untold) = (try Simulation(history, telling: true), try Simulation(history))
            try told.carryOut(history)
            try untold.carryOut(history)
            #expect(try told.outcome == untold.outcome, "seed \(seed)")
            #expect(untold.log.isEmpty)
            acts += try untold.outcome.history.count
        }
        #expect(acts > 50, "the users of these histories hardly did anything: \(acts) changes")
    }
}

extension Simulation {
    /// All that is left of a history.
    fileprivate struct Outcome: Equatable {
        var trees: [[Thing]]
        var history: [String]
        var versions: Set<String>
        var written: Set<String>
    }

    fileprivate var outcome: Outcome {
        get throws {
            Outcome(
                trees: agents.map { $0.tree.things() } + [hub.share.things()],
                history: try hub.journal.history(after: .zero, limit: 100_000).map { "\($0.client) \($0.node)" },
                versions: Set(hub.versions.map(\.hex)), written: traces.written)
        }
    }
}
