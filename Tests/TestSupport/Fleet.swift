import Glibc
import Processes

/// A hub and some agents, as real processes in a temporary directory on free ports.
package final class Fleet: @unchecked Sendable {
    // SAFETY of Sendable: used by the one thread of its test.
    package let directory = TemporaryDirectory()
    package let hub: FleetHub
    package private(set) var agents: [FleetAgent] = []

    /// Makes a hub and starts it, joins agents called `ann`, `bea`, `cem` … and starts them.
    /// - Parameters:
    ///   - proxied: each agent goes through a ``FleetProxy`` of its own.
    ///   - running: whether the agents are started.
    ///   - disk: the hub has a disk of its own, of so many MiB; wants root.
    ///   - preparing: gets the directory that the hub is made in.
    package init(
        agents names: [String] = ["ann", "bea"], proxied: Bool = false, running: Bool = true, disk: Int? = nil,
        preparing: ((String) throws -> Void)? = nil
    ) throws {
        hub = try FleetHub(directory: directory, name: "hub", disk: disk, preparing: preparing)
        try hub.start()
        for name in names {
            let agent = try join(name, proxied: proxied)
            if running { try agent.start() }
        }
    }

    /// Invites and joins one more.
    /// - Parameters:
    ///   - options: of `syncagent join`.
    ///   - invited: options of `syncctl invite`.
    @discardableResult
    package func join(
        _ name: String, proxied: Bool = false, user: UInt32? = nil, with options: [String] = [], invited: [String] = []
    ) throws -> FleetAgent {
        let agent = try add(name, proxied: proxied, user: user)
        try agent.join(options: options, invited: invited)
        return agent
    }

    /// One more that has not joined yet.
    package func add(_ name: String, proxied: Bool = false, user: UInt32? = nil) throws -> FleetAgent {
        let agent = try FleetAgent(name, of: hub, directory: directory, proxied: proxied, user: user)
        agents.append(agent)
        return agent
    }

    package subscript(_ name: String) -> FleetAgent {
        guard let agent = agents.first(where: { $0.name == name }) else { preconditionFailure("no agent \(name)") }
        return agent
    }

    /// Blocks until every agent that is not paused, or those that are named, are in sync.
    package func wait(_ path: String? = nil, on names: [String] = [], seconds: Int = 60) throws {
        var arguments = ["wait", "--timeout", "\(seconds)"]
        if let path { arguments.append(path) }
        if !names.isEmpty { arguments += ["--on", names.joined(separator: ",")] }
        let result = try hub.ctl(arguments, timeout: .seconds(seconds + 20))
        if result.code != 0 {
            throw FleetProgram.Failure(
                "\(arguments.joined(separator: " ")) ended with \(result.code): \(result.output)\(result.errors)\n"
                    + (try hub.ctl("unsynced").output))
        }
    }

    /// Waits, and sees that all folders and the share are the same byte for byte.
    package func expectSame(seconds: Int = 60) throws {
        try wait(seconds: seconds)
        let all = agents.filter(\.isRunning).map(\.folder)
        for folder in all {
            let differences = folder.differences(from: hub.share)
            if !differences.isEmpty {
                throw FleetProgram.Failure(
                    "\(differences.count) differences:\n" + differences.prefix(20).joined(separator: "\n"))
            }
        }
    }

    /// Ends everything, and sees that nothing is left.
    package func stop() throws {
        for agent in agents { try agent.stop() }
        try hub.stop()
        let left = processes()
        if !left.isEmpty {
            throw FleetProgram.Failure(
                "processes are left: \(left.map { ProcessTable.commandLine(of: $0).joined(separator: " ") })")
        }
    }

    /// Every process that has to do with it.
    package func processes() -> [pid_t] {
        ProcessTable().entries.values.filter { entry in
            entry.state != "Z" && ProcessTable.commandLine(of: entry.pid).contains { $0.contains(directory.path) }
        }.map(\.pid)
    }

    /// Kills whatever still runs.
    package func kill() {
        for agent in agents { agent.kill() }
        hub.program?.kill()
        for agent in agents { agent.proxy?.close() }
        for pid in processes() { Glibc.kill(pid, SIGKILL) }
        hub.removeDisk()
    }

    /// The ends of all logs.
    package var logs: String {
        ([hub.log] + agents.map(\.log)).map { "--- \($0)\n\(FleetProgram.tail(of: $0))" }.joined(separator: "\n")
    }
}

/// Runs `body` with a fleet, and ends all its processes; when it throws, the ends of the logs are part of the failure.
package func withFleet(
    agents: [String] = ["ann", "bea"], proxied: Bool = false, running: Bool = true, disk: Int? = nil,
    preparing: ((String) throws -> Void)? = nil, _ body: (Fleet) throws -> Void
) throws {
    let fleet = try Fleet(agents: agents, proxied: proxied, running: running, disk: disk, preparing: preparing)
    defer { withExtendedLifetime(fleet) { fleet.kill() } }
    do { try body(fleet) } catch {
        // A failed expectation has been recorded already; this says what went on.
        print("\(error)\n\(fleet.logs)")
        throw error
    }
}
