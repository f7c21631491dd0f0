/// What is said about one history.
package enum Report {
    /// - Returns: nil if it kept all promises.
    static func run(_ seed: UInt64, mood: Mood? = nil, databases: Databases = Databases()) -> Violation? {
        do {
            try Simulation.run(History(seed: seed, mood: mood), databases: databases)
            return nil
        } catch { return error as? Violation }
    }

    /// The history of a seed, step by step, with what each step did, and how it ended.
    package static func replay(_ seed: UInt64, mood: Mood? = nil) -> (text: String, violation: Violation?) {
        told(History(seed: seed, mood: mood))
    }

    /// The same for a history as a failure prints it; nil if it is none.
    package static func replay(text: String) -> (text: String, violation: Violation?)? { History(text).map(told) }

    /// A failure for a person, and for a test: the promise, the shrunk history with what its steps did, and the same
    /// as text that can be replayed.
    package static func failure(_ seed: UInt64, mood: Mood? = nil, _ violation: Violation) -> String {
        let history = History(seed: seed, mood: mood)
        let shrunk = Shrinking.shrink(history, breaking: violation.promise)
        return """
            SYNC_SEED=\(seed)\(mood.map { " SYNC_MOOD=\($0)" } ?? ""): \(told(shrunk).violation ?? violation)
            --- shrunk from \(history.steps.count) steps to \(shrunk.steps.count), as a test takes it:
            \(shrunk.text)
            """
    }

    /// Failures by the promise that each broke, one line for each seed.
    package static func list(_ failures: [(seed: UInt64, violation: Violation)]) -> String {
        let found = Dictionary(grouping: failures) { $0.violation.promise.rawValue }
        return found.sorted { $0.key < $1.key }.map { promise, failures in
            let lines = failures.sorted { $0.seed < $1.seed }.map { seed, violation in
                "  \(seed): \(violation.text.split(separator: "\n").first ?? "")"
            }
            return "\(promise): \(failures.count)\n" + lines.joined(separator: "\n")
        }.joined(separator: "\n")
    }

    private static func told(_ history: History) -> (text: String, violation: Violation?) {
        do {
            return (try Simulation.run(history, telling: true).joined(separator: "\n"), nil)
        } catch {
            let violation = error as? Violation
            return ("\(history.text)\n\(violation.map { "\($0)" } ?? "\(error)")", violation)
        }
    }
}
