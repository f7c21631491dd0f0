import Glibc
internal import Processes
internal import Settings
import Synchronization

/// The managed sshd: started, watched, started again when it dies (with growing pauses), and ended with its sessions when the hub stops. The
/// kernel ends the listener when the hub is killed; its sessions are ended at the next start. ``start()`` and ``stop()`` from one
/// thread, once each.
final class SSHServer: Sendable {
    private struct State {
        var child: ChildProcess?
        var isStopping = false
    }

    private let configuration: SSHDConfiguration
    private let program: String
    private let sessions: SSHSessions
    private let state = Monitor(State())
    private let log = Log("sshd")
    /// False from the first start of sshd until the watching thread is over.
    private let isOver = Monitor(true)

    /// - Throws: when there is no sshd.
    init(layout: HubLayout, hub: HubConfiguration, sessions: SSHSessions) throws {
        program = try HostTools.find(.sshd)
        configuration = SSHDConfiguration(
            layout: layout, listen: hub.listen, port: hub.sftpPort, apiPort: hub.apiPort, user: try CurrentUser.name(),
            isRoot: geteuid() == 0)
        self.sessions = sessions
    }

    /// Ends what an earlier hub left, writes and checks the configuration, and starts sshd. Returns when it answers.
    /// - Throws: ``SSHServerError``.
    func start() throws {
        endLeftovers()
        try prepare()
        try checkPort()
        let first = try spawn()
        isOver.withLock { $0 = false }
        startThread("sshd-watch") { [self] in watch(first) }
        try awaitAnswer(within: .seconds(10))
    }

    /// Ends sshd and its sessions. Returns when they are gone.
    func stop() {
        state.withLock {
            $0.isStopping = true
            $0.child?.terminate()
        }
        // It closes its port at once; what does not end in time is ended.
        if isOver.wait(timeout: .seconds(3), { $0 ? true : nil }) == nil {
            state.withLock { $0.child?.kill() }
            _ = isOver.wait { $0 ? true : nil }
        }
        sessions.endAll()
        unlink(configuration.layout.sshdPID)
    }

    // MARK: Starting

    /// The listener of a hub that was killed dies with it, but not always before its successor starts.
    private func endLeftovers() {
        if let pid = leftover() {
            log.info("leftover_ended", ["pid": pid])
            let entry = ProcessTable.entry(pid)
            kill(pid, SIGKILL)
            ProcessFacts.awaitEnd(of: [entry].compactMap { $0 })
        }
        sessions.endAll()
    }

    /// The pid in the pid file, if that process is an sshd with our configuration.
    private func leftover() -> pid_t? {
        guard let number = HubFile.number(configuration.layout.sshdPID), number > 1, let pid = pid_t(exactly: number),
            SSHSessions.isSSHD(pid)
        else { return nil }
        // sshd overwrites its arguments with a title that has the words in it, without their bounds.
        let words = ProcessTable.commandLine(of: pid).joined(separator: " ")
        return words.contains(configuration.layout.sshdConfiguration) ? pid : nil
    }

    private func prepare() throws {
        let path = configuration.layout.sshdConfiguration
        try Secrets.write(Array(configuration.text.utf8), to: path)
        // As root, sshd wants the directory that Debian's unit makes for it.
        if configuration.isRoot { try HubFile.makeDirectory("/run/sshd", mode: 0o755) }
        let check = try Processes.run(program, ["-t", "-f", path])
        guard check.status.isSuccess else { throw SSHServerError.refused(path: path, reason: check.errorText) }
    }

    private func checkPort() throws {
        for address in configuration.listen.map({ [$0] }) ?? ["0.0.0.0"] {
            if let code = TCPPort.obstacle(to: configuration.port, on: address) {
                throw SSHServerError.portTaken(port: configuration.port, address: address, code: code)
            }
        }
    }

    private func spawn() throws -> ChildProcess {
        let says = try RecordSocket(for: program)
        let child = try ChildProcess(
            program, ["-D", "-e", "-f", configuration.layout.sshdConfiguration],
            ChildProcess.Options(
                directory: "/", output: .null, errors: .descriptor(says.childsEnd), newGroup: true, diesWithParent: true
            ))
        says.closeChildsEnd()
        let isStopping = state.withLock { state in
            state.child = child
            return state.isStopping
        }
        if isStopping { child.terminate() }
        log.info("started", ["pid": child.pid, "port": configuration.port])
        follow(says)
        return child
    }

    private func awaitAnswer(within time: Duration) throws {
        let address = configuration.listen ?? "127.0.0.1"
        let deadline = ContinuousClock.now + time
        while !BannerProbe.answers(address: address, port: configuration.port, prefix: "SSH-") {
            guard ContinuousClock.now < deadline else { throw SSHServerError.silent(port: configuration.port) }
            usleep(2_000)
        }
    }

    // MARK: Watching

    /// Waits for sshd to end and starts it again, until ``stop()``.
    private func watch(_ first: ChildProcess) {
        defer { isOver.withLock { $0 = true } }
        var pause = RestartPause()
        var child: ChildProcess? = first
        while true {
            let started = ContinuousClock.now
            if let child {
                let status = child.wait()
                if state.withLock({ $0.isStopping }) { return log.info("stopped") }
                log.error("died", ["status": status])
            }
            let wait = pause.next(afterRunning: ContinuousClock.now - started)
            log.info("restarting", ["pause": wait])
            if state.wait(timeout: wait, { $0.isStopping ? true : nil }) != nil { return }
            child = restart()
        }
    }

    private func restart() -> ChildProcess? {
        do {
            return try spawn()
        } catch {
            log.error("not_started", ["error": "\(error)"])
            return nil
        }
    }

    /// Puts what sshd says into the hub's log, on a thread of its own, until the last of its processes is gone that could say something.
    private func follow(_ says: RecordSocket) {
        startThread("sshd-log") { [log, sessions] in
            while let record = says.read() {
                SSHLogLine(String(decoding: record.bytes, as: UTF8.self)).report(
                    to: log, sessions, writer: record.writer)
            }
        }
    }
}

/// How long to wait before sshd is started again: at once at first, then twice as long each time, until one has run for a while.
struct RestartPause: Hashable, Sendable {
    static let shortest = Duration.milliseconds(100)
    static let longest = Duration.seconds(30)
    /// One that ran for so long was well.
    static let wellAfter = Duration.seconds(60)
    private var last: Duration?

    mutating func next(afterRunning time: Duration) -> Duration {
        let pause = last.map {
            time >= RestartPause.wellAfter ? RestartPause.shortest : min($0 * 2, RestartPause.longest)
        }
        last = pause ?? RestartPause.shortest
        return last ?? RestartPause.shortest
    }
}

/// Why the managed sshd does not serve.
package enum SSHServerError: Error, Hashable, Sendable, CustomStringConvertible {
    case refused(path: String, reason: String)
    case portTaken(port: UInt16, address: String, code: Int32)
    case silent(port: UInt16)

    package var description: String {
        switch self {
        case .refused(let path, let reason):
            "sshd does not accept \(path): \(reason.split(separator: "\n").joined(separator: "; ")). 'synchub check' tells more"
        case .portTaken(let port, let address, EADDRINUSE):
            "port \(port) on \(address) is in use by another program; end that one, or set another sftp.port in hub.json5"
        case .portTaken(let port, let address, EACCES):
            "port \(port) on \(address) may be used by root only; set an sftp.port above 1023 in hub.json5"
        case .portTaken(let port, let address, let code):
            "cannot listen on \(address) port \(port): \(ErrnoText.of(code)); look at 'listen' and 'sftp.port' in hub.json5"
        case .silent(let port):
            "sshd was started but does not answer on port \(port); run again with SYNC_TRACE=sshd:debug to see what it says"
        }
    }
}
