internal import Arguments
internal import ControlAPI
internal import Engine
internal import SyncCore
internal import Transport

/// `syncagent once`: one pass, or with `--dry-run` only what it would do.
struct OnceCommand {
    private let layout: AgentLayout
    private let asJSON: Bool
    private let isDry: Bool
    private let verifies: Bool

    init(layout: AgentLayout, _ invocation: Invocation) {
        self.layout = layout
        asJSON = invocation.has("json")
        isDry = invocation.has("dry-run")
        verifies = invocation.has("verify")
    }

    /// - Throws: ``AgentFailure`` while another process works with the home, too.
    func run() throws -> ExitCode {
        let joined = try Joined(layout)
        let lock = try HomeLock(layout)
        let code = isDry ? try plan(joined) : try pass(joined)
        _ = consume lock
        return code
    }

    private func plan(_ joined: Joined) throws -> ExitCode {
        let plan = try DryRun(
            layout: layout, configuration: joined.configuration, token: joined.token, verifies: verifies
        ).run()
        print(asJSON ? OnceCommand.json(plan.map(PlanMessage.init)) : PlanTable(plan).text, terminator: "")
        return .done
    }

    private func pass(_ joined: Joined) throws -> ExitCode {
        let worker = try AgentProgram.worker(layout, joined.configuration) {}
        defer { worker.stop() }
        let hub = try SSHHubConnection.connect(
            to: try joined.configuration.address(layout, token: joined.token),
            hello: try worker.perform { try HelloRequest(of: $0.index) }
        ) { _ in }
        defer { hub.close() }
        let summary = try Once(worker: worker, hub: hub, verifies: verifies).run()
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
