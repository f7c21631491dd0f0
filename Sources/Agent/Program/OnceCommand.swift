internal import Arguments
internal import ControlAPI
internal import Engine
internal import Index
internal import Settings
internal import SyncCore
import Glibc
internal import Transport

/// `syncagent once`: one pass, or with `--dry-run` only what it would do.
struct OnceCommand {
    private let layout: AgentLayout
    private let asJSON: Bool
    private let isDry: Bool
    private let verifies: Bool
    private let overwrites: Bool

    init(layout: AgentLayout, _ invocation: Invocation) {
        self.layout = layout
        asJSON = invocation.has("json")
        isDry = invocation.has("dry-run")
        verifies = invocation.has("verify")
        overwrites = invocation.has("overwrite")
    }

    /// - Throws: ``AgentFailure`` while another process works with the home, too.
    func run() throws -> ExitCode {
        let joined = try Joined(layout)
        let lock = try HomeLock(layout)
        if overwrites, joined.configuration.mode == .twoWay {
            throw AgentFailure(
                .wrongUsage,
                "--overwrite needs a side that is the source, and this folder is two-way; write mode: \"send-only\" (the hub "
                    + "becomes equal to the folder) or \"receive-only\" (the folder to the hub) into \(layout.configuration)"
            )
        }
        let code = try orAdvice(joined) { isDry ? try tell(joined) : try act(joined) }
        _ = consume lock
        return code
    }

    /// A hub that does not know this machine is told with what to do.
    private func orAdvice(_ joined: Joined, _ body: () throws -> ExitCode) throws -> ExitCode {
        do { return try body() } catch let error as HubError {
            let rejoining = Rejoining(layout, joined.configuration)
            if case .unproven = error { throw AgentFailure(.unreachable, rejoining.met(error)) }
            guard let failure = rejoining.failure(for: error) else { throw error }
            if let token = try? Secrets.readText(layout.token), token != joined.token {
                throw AgentFailure(.failed, "`syncagent rotate` changed key and token meanwhile; run this again")
            }
            throw failure
        }
    }

    private func plan(_ joined: Joined) throws -> [PlanItem] {
        try DryRun(
            layout: layout, configuration: joined.configuration, token: joined.token, verifies: verifies,
            overwrites: overwrites
        ).run()
    }

    private func tell(_ joined: Joined) throws -> ExitCode {
        let plan = try plan(joined)
        print(asJSON ? OnceCommand.json(plan.map(PlanMessage.init)) : PlanTable(plan).text, terminator: "")
        return .done
    }

    private func act(_ joined: Joined) throws -> ExitCode {
        guard try !overwrites || isWanted(joined) else {
            OnceCommand.note("nothing was changed\n")
            return .failed
        }
        return try pass(joined)
    }

    /// Says what will be overwritten; at a terminal a person has to agree.
    private func isWanted(_ joined: Joined) throws -> Bool {
        let source =
            joined.configuration.mode.sends
            ? "the hub becomes what this folder is" : "this folder becomes what the hub is"
        OnceCommand.note("\(source):\n" + PlanTable(try plan(joined)).text)
        guard isatty(STDIN_FILENO) == 1, isatty(STDERR_FILENO) == 1 else { return true }
        OnceCommand.note("Go on? [y/N] ")
        return readLine().map { ["y", "yes"].contains($0.lowercased()) } ?? false
    }

    private static func note(_ text: String) {
        let bytes = Array(text.utf8)
        _ = write(STDERR_FILENO, bytes, bytes.count)
    }

    private func pass(_ joined: Joined) throws -> ExitCode {
        let worker = try AgentProgram.worker(layout, joined.configuration) {}
        defer { worker.stop() }
        let address = try joined.configuration.address(layout, token: joined.token)
        // The folder is looked at while the hub is called, and where much is to be sent a way for it is opened, too.
        if verifies { try worker.perform { try $0.index.forgetDigests() } }
        let early = EarlyUploads(address)
        let reading = EarlyReading(worker, early)
        let hub = try SSHHubConnection.open(
            {
                try SSHHubConnection.connect(
                    to: address, hello: try worker.perform { try HelloRequest(of: $0.index) }, early: early
                ) { _ in }
            }, renewing: worker.renewIndex)
        defer { hub.close() }
        let once = Once(
            worker: worker, hub: hub, limits: address.limits, connections: joined.configuration.connections,
            reading: reading, overwrites: overwrites)
        let summary = try ProgressBar.onTerminal(worker) { try once.run() }
        print(asJSON ? OnceCommand.json(summary) : OnceCommand.text(summary), terminator: "")
        return summary.left.isEmpty ? .done : .failed
    }

    private static func json(_ value: some Encodable) -> String {
        SafeText.json(String(decoding: WireFormat.encode(value), as: UTF8.self)) + "\n"
    }

    private static func text(_ summary: Once.Summary) -> String {
        let left = summary.left.isEmpty ? "in sync" : "\(summary.left.count) not synced"
        let items = summary.pending.map { item in
            let way = item.skipped == true ? "skip" : item.direction == .up ? "up  " : "down"
            return "  \(way)  \(SafeText.name(item.path))  \(SafeText.name(item.reason))\n"
        }
        return "\(summary.sent) sent, \(summary.received) received, \(left)\n" + items.joined()
    }
}
