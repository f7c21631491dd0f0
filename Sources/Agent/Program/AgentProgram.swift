internal import Arguments
internal import ControlAPI
import Glibc
internal import Processes
internal import Settings
internal import SyncCore
internal import Transport

/// The program `syncagent`.
package enum AgentProgram {
    /// Does what the command line of this process says, and ends it. Blocks: for the main thread.
    package static func main() -> Never {
        Signals.ignorePipe()
        Memory.keepSmall()
        let code = run(processArguments())
        fflush(nil)
        // Not exit(3): threads that still run must not see their globals go.
        _exit(code.rawValue)
    }

    private static let program = Program(
        name: "syncagent", summary: "keeps a folder of this machine equal to a SyncHub's share",
        version: ProductVersion.current,
        commonOptions: [
            .value("home", "DIR", "where the agent keeps its key, token and index (default: $XDG_STATE_HOME/synchub)")
        ],
        commands: [
            Command(
                name: "join", summary: "join a hub with an invite",
                options: [
                    .value("folder", "DIR", "the folder to keep in sync (required); made if it is not there"),
                    .value("subtree", "PATH", as: .bytes, "only this directory of the share, as the folder's root"),
                    .value(
                        "mode", "MODE", as: .choice(["two-way", "send-only", "receive-only"]),
                        "two-way (default), send-only (nothing comes down) or receive-only (nothing goes up)"),
                ],
                positionals: [.required("INVITE", "a file with the invite, or - for standard input")]),
            Command(name: "run", summary: "keep the folder in sync, in the foreground"),
            Command(
                name: "once", summary: "one full pass, then exit",
                options: [
                    .flag("dry-run", "say what a pass would do, and change nothing anywhere"),
                    .flag("verify", "read every file again instead of trusting size, times and inode"),
                    .flag(
                        "overwrite",
                        "with send-only make the hub equal to the folder, with receive-only the folder to the hub"),
                    .flag("json", "as JSON"),
                ]),
            Command(
                name: "rotate", summary: "take a new key and token without joining again, also while 'run' runs"),
            Command(name: "leave", summary: "forget the hub; the folder stays as it is"),
        ])

    private static func run(_ arguments: [[UInt8]]) -> ExitCode {
        switch program.parse(arguments) {
        case .help(let text), .version(let text):
            Files.result(text)
            return .done
        case .wrongUsage(let text):
            note(text)
            return .wrongUsage
        case .run(let invocation):
            do { return try run(invocation) } catch {
                note("syncagent: \(error)")
                return exitCode(error)
            }
        }
    }

    private static func exitCode(_ error: any Error) -> ExitCode {
        switch error {
        case let failure as AgentFailure:
            switch failure.kind {
            case .failed: .failed
            case .wrongUsage: .wrongUsage
            case .unreachable: .notReachable
            case .noSuchThing: .noSuchThing
            case .notKnown: .notKnown
            }
        case HubError.away, HubError.unproven: .notReachable
        default: .failed
        }
    }

    private static func note(_ text: String) { Files.note(text) }

    // MARK: - Commands

    private static func run(_ invocation: Invocation) throws -> ExitCode {
        let layout = AgentLayout(home: invocation.text("home"))
        switch invocation.command {
        case "join": return try join(layout, invocation)
        case "run": return try serve(layout)
        case "rotate": return try rotate(layout)
        case "once": return try OnceCommand(layout: layout, invocation).run()
        default: return try leave(layout)
        }
    }

    private static func join(_ layout: AgentLayout, _ invocation: Invocation) throws -> ExitCode {
        guard let folder = invocation.text("folder") else {
            note(program.wrongUsage("--folder DIR is missing: which folder is to be kept in sync?", command: "join"))
            return .wrongUsage
        }
        let mode = invocation.text("mode").flatMap(SyncMode.init(code:)) ?? .twoWay
        let join = try Join(
            layout: layout, invite: try InviteInput.read(invocation.text("INVITE") ?? "-"), folder: folder, mode: mode,
            subtree: invocation.bytes("subtree"))
        let configuration = try join.run()
        Files.result("joined \(configuration.hub) as \(configuration.client); folder \(configuration.folder)")
        note("start it with: syncagent run --home \(layout.home)")
        return .done
    }

    static func worker(
        _ layout: AgentLayout, _ configuration: AgentConfiguration, onWork: @escaping @Sendable () -> Void
    ) throws -> FolderWorker {
        try FolderWorker(
            folder: configuration.folder, standIn: layout.absent, index: layout.index,
            debounce: Int64(configuration.debounce), longest: Int64(configuration.minInterval) * 1_000,
            carrying: configuration.extras, trashDays: configuration.trashDays, mode: configuration.mode,
            ignoring: configuration.ignore,
            client: configuration.client, onWork: onWork)
    }

    private static func serve(_ layout: AgentLayout) throws -> ExitCode {
        let joined = try Joined(layout)
        let lock = try HomeLock(layout)
        let relay = WorkRelay()
        let worker = try worker(layout, joined.configuration) { relay.ring() }
        let agent = Agent(
            worker: worker,
            // `syncagent rotate` changes it while this runs.
            address: try joined.configuration.address(layout) { try Secrets.readText(layout.token) },
            secrets: { Joined.mark(layout) }, rejoining: Rejoining(layout, joined.configuration),
            connections: joined.configuration.connections)
        relay.connect(agent.state)
        worker.onDamage { [state = agent.state] reason in state.stop(AgentFailure(.failed, reason)) }
        let api = LocalAPI(worker: worker, state: agent.state, layout: layout, configuration: joined.configuration)
        try api.start()
        Signals.onTermination { _ in
            if agent.state.isStopping { _exit(130) }
            agent.state.stop()
        }
        agent.start()
        Log("agent").info("running", ["folder": joined.configuration.folder, "client": joined.configuration.client])
        agent.state.waitForStop()
        api.stop()
        agent.stop()
        _ = consume lock
        if let failure = agent.state.fatal { throw AgentFailure(failure.kind, "stopped: \(failure)") }
        return .done
    }

    private static func rotate(_ layout: AgentLayout) throws -> ExitCode {
        let joined = try Joined(layout)
        do { try Rotation(layout: layout, configuration: joined.configuration).run() } catch let error as HubError {
            throw Rejoining(layout, joined.configuration).failure(for: error) ?? error
        }
        Files.result(
            "the key and the token of \(joined.configuration.client) are new; the old ones open nothing any more")
        return .done
    }

    private static func leave(_ layout: AgentLayout) throws -> ExitCode {
        guard [layout.configuration, layout.token, layout.begunJoin].contains(where: Files.exists) else {
            throw AgentFailure(.noSuchThing, "no hub has been joined with \(layout.home)")
        }
        let lock = try HomeLock(layout)
        let configuration = try? AgentConfiguration.load(layout)
        let folder = configuration?.folder
        let ownership = folder.map { FolderMarker.ownership(of: $0, by: layout) } ?? .nobody
        // The configuration goes last: until then this can be run again.
        for path in layout.secrets + [
            layout.key + ".new", layout.key + ".new.pub", layout.lastHost, layout.index, layout.index + "-wal",
            layout.index + "-shm", layout.socket, layout.rotationLock,
        ] { unlink(path) }
        Secrets.removeUnfinished(of: layout.secrets + [layout.lastHost, layout.configuration])
        rmdir(layout.absent)
        if let folder, ownership == .own { unlink(folder + "/" + DiskTree.markerPath) }
        unlink(layout.configuration)
        _ = consume lock
        Files.result("left; the folder\(folder.map { " \($0)" } ?? "") stays as it is")
        note(whatIsLeft(configuration, ownership))
        return .done
    }
}

extension AgentProgram {
    /// What there is to do after a `leave`. A copied home must not end what the original does.
    private static func whatIsLeft(
        _ configuration: AgentConfiguration?, _ ownership: FolderMarker.Ownership
    ) -> String {
        let name = configuration?.client ?? "NAME"
        if case .other(let home) = ownership {
            return "the folder's marker (\(DiskTree.markerPath)) stays, since another home joined that folder"
                + (home.map { ": \($0)" } ?? "")
                + ". If this home was a copy, '\(name)' is the original's, and there is nothing to do at the hub; "
                + "otherwise: syncctl revoke \(name)"
        }
        return "at the hub: syncctl revoke \(name) ends what this machine may do there"
    }
}

/// Stands between the worker and the agent's bells, which are made one after the other.
private final class WorkRelay: Sendable {
    private let state = Monitor<AgentState?>(nil)

    func connect(_ new: AgentState) { state.withLock { $0 = new } }

    func ring() {
        guard let state = state.withLock({ $0 }) else { return }
        state.up.ring()
        state.down.ring()
        state.report.ring()
    }
}
