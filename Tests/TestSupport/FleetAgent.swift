import Glibc
import Processes

/// An agent of a ``Fleet``.
package final class FleetAgent: @unchecked Sendable {
    // SAFETY of Sendable: used by the one thread of its test.
    package let name: String
    package let home: String
    package let log: String
    package let folder: FleetFolder
    package let hub: FleetHub
    /// Between it and the hub.
    package let proxy: FleetProxy?
    /// Who runs it; nil for the user of the tests.
    package let user: UInt32?
    package private(set) var program: FleetProgram?

    init(_ name: String, of hub: FleetHub, directory: TemporaryDirectory, proxied: Bool, user: UInt32?) throws {
        self.name = name
        self.hub = hub
        self.user = user
        home = directory.path(name + ".home")
        log = directory.path(name + ".log")
        folder = FleetFolder(directory.path(name))
        proxy = proxied ? try FleetProxy(to: hub.sftpPort) : nil
        mkdir(folder.path, 0o755)
        if let user {
            mkdir(home, 0o700)
            // What the user needs of a directory that belongs to the tests: the way through.
            chmod(directory.path, 0o711)
            for path in [home, folder.path] { chown(path, user, user) }
        }
    }

    /// The line that `syncctl invite` prints, with the proxy's port in place of the hub's.
    /// - Parameter options: of `syncctl invite`.
    package func invite(_ options: [String] = []) throws -> [UInt8] {
        let line = try hub.ctl(["invite", name] + options).expectDone().output
        guard let proxy else { return Array(line.utf8) }
        return Array(
            line.split(separator: "\"port\":\(hub.sftpPort)", omittingEmptySubsequences: false)
                .joined(separator: "\"port\":\(proxy.port)").utf8)
    }

    /// `syncagent join` with an invite on standard input.
    package func join(with invite: [UInt8]? = nil, options: [String] = [], invited: [String] = []) throws {
        try tryToJoin(with: invite ?? self.invite(invited), options: options).expectDone()
    }

    /// The same, whatever comes of it.
    package func tryToJoin(
        with invite: [UInt8], options: [String] = [], preload: FleetPreload? = nil
    ) throws -> FleetAnswer {
        try FleetAnswer(
            "syncagent", ["join", "-", "--folder", folder.path, "--home", home] + options, input: invite, user: user,
            preload: preload)
    }

    /// Starts it, and returns when it watches, or has ended.
    /// - Parameter preload: nil for nothing unusual.
    package func start(with preload: FleetPreload? = nil) throws {
        let before = FleetFolder("").read(FleetPath(log))?.count ?? 0
        let program = try FleetProgram("syncagent", ["run", "--home", home], log: log, user: user, preload: preload)
        self.program = program
        try eventually("\(name) runs") {
            let said = FleetFolder("").read(FleetPath(log)) ?? []
            return !program.isRunning
                || String(decoding: said.dropFirst(before), as: UTF8.self).contains("agent info running")
        }
    }

    package var isRunning: Bool { program?.isRunning ?? false }

    /// SIGTERM, and waits.
    package func stop() throws {
        guard let program, program.isRunning else { return }
        let status = try program.stop()
        guard status.isSuccess else { throw FleetProgram.Failure("\(name) ended with \(status)\n\(program.logTail)") }
    }

    /// SIGKILL, and waits.
    package func kill() { program?.kill() }

    /// `syncagent` with this agent's home.
    package func run(_ arguments: String..., preload: FleetPreload? = nil) throws -> FleetAnswer {
        try FleetAnswer("syncagent", arguments + ["--home", home], user: user, preload: preload)
    }

    /// `syncctl` through this agent.
    package func ctl(_ arguments: String...) throws -> FleetAnswer {
        try FleetAnswer("syncctl", arguments + ["--home", home], user: user)
    }
}
