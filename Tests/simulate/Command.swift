import Glibc
import Simulator

/// `simulate [--minutes N] [--seed S] [--histories N] [--threads N] [--all] [--replay FILE]`; `$SYNC_SEED` replays one history.
struct Command {
    private var minutes: Double?
    private var seed = UInt64.random(in: 1...1_000_000_000)
    private var histories: UInt64?
    private var threads = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    private var replays: String?
    /// Goes on after a failure; what failed is listed by cause at the end, without shrinking.
    private var findsAll = false
    private var mood = getenv("SYNC_MOOD").flatMap { Mood(rawValue: String(cString: $0)) }

    /// - Returns: the exit status.
    func run() async -> Int32 {
        var command = self
        if let problem = command.parse(Array(CommandLine.arguments.dropFirst())) {
            say("simulate: \(problem)", to: STDERR_FILENO)
            return 2
        }
        if let file = command.replays { return replay(file: file) }
        if let text = getenv("SYNC_SEED").map({ String(cString: $0) }) {
            guard let seed = UInt64(text) else {
                say("simulate: SYNC_SEED is a number, not '\(text)'", to: STDERR_FILENO)
                return 2
            }
            return tell(Report.replay(seed, mood: command.mood), "SYNC_SEED=\(seed)")
        }
        return await command.search()
    }

    /// - Returns: what is wrong with the arguments.
    private mutating func parse(_ arguments: [String]) -> String? {
        var rest = arguments[...]
        while let option = rest.popFirst() {
            if option == "--all" {
                findsAll = true
                continue
            }
            guard let value = rest.popFirst() else { return "\(option) needs a value" }
            switch option {
            case "--minutes": minutes = Double(value)
            case "--seed": seed = UInt64(value) ?? 0
            case "--histories": histories = UInt64(value)
            case "--threads": threads = Int(value) ?? 0
            case "--replay": replays = value
            default: return "no such option: \(option)"
            }
        }
        if seed == 0 || threads < 1 { return "--seed and --threads are numbers from 1" }

        return nil
    }

    // MARK: - Searching

    private func search() async -> Int32 {
        let clock = ContinuousClock()
        let began = clock.now
        // One minute unless something else is asked for.
        let end = minutes.map { began + .seconds($0 * 60) } ?? (histories == nil ? began + .seconds(60) : nil)
        let campaign = Campaign(from: seed, most: histories ?? .max, mood: mood) { [findsAll] progress in
            (findsAll || progress.failures.isEmpty) && (end.map { clock.now < $0 } ?? true)
        }
        say("from seed \(seed), on \(threads) threads")
        let teller = Task {
            while (try? await Task.sleep(for: .seconds(10))) != nil {
                say("\(campaign.progress.done) histories, \(rate(campaign, began)) each second")
            }
        }
        await withTaskGroup { group in
            for _ in 0..<threads { group.addTask { campaign.work() } }
        }
        teller.cancel()
        let seconds = (clock.now - began) / .seconds(1)
        say("\(campaign.progress.done) histories in \(Int(seconds.rounded())) s, \(rate(campaign, began)) each second")
        let failures = campaign.progress.failures
        if findsAll {
            say(Report.list(failures))
        } else {
            for (seed, violation) in failures { say("\n" + Report.failure(seed, mood: mood, violation)) }
        }
        say(failures.isEmpty ? "all promises were kept" : "\(failures.count) failed")
        return failures.isEmpty ? 0 : 1
    }

    private func rate(_ campaign: Campaign, _ began: ContinuousClock.Instant) -> Int {
        Int(Double(campaign.progress.done) / max((ContinuousClock.now - began) / .seconds(1), 0.001))
    }

    // MARK: - Replaying

    private func replay(file path: String) -> Int32 {
        guard let text = contents(of: path), let told = Report.replay(text: text) else {
            say("simulate: \(path) holds no history", to: STDERR_FILENO)
            return 2
        }
        return tell(told, path)
    }

    private func tell(_ told: (text: String, violation: Violation?), _ what: String) -> Int32 {
        say(told.text)
        say(told.violation == nil ? "\(what): all promises were kept" : "\(what): failed")
        return told.violation == nil ? 0 : 1
    }

    private func contents(of path: String) -> String? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        while case let byte = getc(file), byte != EOF { bytes.append(UInt8(truncatingIfNeeded: byte)) }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func say(_ line: String, to descriptor: Int32 = STDOUT_FILENO) {
        var bytes = Array((line + "\n").utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if count <= 0 { return }
            bytes.removeFirst(count)
        }
    }
}
