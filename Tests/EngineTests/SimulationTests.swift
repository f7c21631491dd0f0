import Testing

#if canImport(Glibc)
    import Glibc
#endif

/// Random histories. `SYNC_SEED` replays one, `SYNC_HISTORIES` says how many are run from there.
struct SimulationTests {
    @Test(arguments: Mood.allCases)
    func `whatever happens in whatever order, nothing is lost and all become equal`(mood: Mood) {
        let first = environment("SYNC_SEED") ?? 1
        let count = environment("SYNC_HISTORIES") ?? (environment("SYNC_SEED") == nil ? 100 : 1)
        let most = environment("SYNC_FAILURES") ?? 1
        var failures = 0
        for seed in first..<(first + count) {
            let history = History(seed: seed, mood: mood)
            do {
                _ = try Simulation.run(history)
            } catch {
                failures += 1
                if failures <= most { report(seed, history) }
            }
        }
        if failures > most { Issue.record("\(failures) of \(count) histories failed") }
    }

    private func report(_ seed: UInt64, _ history: History) {
        let shrunk = Shrinking.shrink(history)
        do {
            _ = try Simulation.run(shrunk)
            Issue.record("SYNC_SEED=\(seed): fails only now and then:\n\(history.text)")
        } catch {
            Issue.record("SYNC_SEED=\(seed): \(error)\n--- history:\n\(shrunk.text)")
        }
    }

    private func environment(_ name: String) -> UInt64? {
        getenv(name).flatMap { UInt64(String(cString: $0)) }
    }
}
