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
}
