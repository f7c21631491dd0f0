import Glibc
internal import Processes

/// What a hub does that the machine's own sshd serves: it says who may come in, and ends who may not stay. ``start()`` and ``stop()`` from
/// one thread, once each.
final class MachineService: Sendable {
    private let sshd: MachineSSHD
    private let sessions: SSHSessions
    private let desk: LoginDesk

    /// - Throws: ``MachineSSHDError`` where no session could be ended, or all of root's would be.
    init(_ layout: HubLayout, _ configuration: HubConfiguration, _ sessions: SSHSessions) throws {
        guard geteuid() != 0 else { throw MachineSSHDError.isRoot }
        // The first process is always there, and root's.
        guard ProcessTable.entry(1) != nil else { throw MachineSSHDError.blind }
        sshd = MachineSSHD(configuration: configuration)
        self.sessions = sessions
        desk = try LoginDesk(layout)
    }

    /// Returns when sshd answers, with the key that devices expect. Who came in while no hub ran has to come again: of those nobody knows
    /// whose sessions they are.
    /// - Throws: ``MachineSSHDError``, ``HubFileError``.
    func start() throws {
        try desk.start(sessions)
        // RACE: who asked before this moment and logs in after it is noted by nobody; worst outcome: that session goes on if its key is
        // revoked before it has logged in, which sshd gives it LoginGraceTime for. The next revoke ends it, and so does the next start.
        sessions.endAll()
        try sshd.awaitAnswer(within: .seconds(10))
    }

    /// Nobody's session goes on.
    func stop() {
        desk.stop()
        sessions.endAll()
    }
}
