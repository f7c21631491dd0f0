import Glibc
internal import Journal
internal import Processes
internal import Settings

/// `synchub run`: the hub in the foreground. Start and stop from one thread.
final class HubService {
    let layout: HubLayout
    let configuration: HubConfiguration
    private let lock: RunLock
    private let engine: any HubEngine
    private let server: SSHServer?
    private let machine: MachineService?
    private let announcement: Announcement?
    private let log = Log("hub")

    /// Takes the root for this process and reads the configuration.
    /// - Parameter program: the absolute path of `synchub`, for forced commands.
    init(layout: HubLayout, program: String, makeEngine: HubEngineMaker) throws {
        guard HubFile.exists(layout.configuration) else { throw HubServiceError.noHub(layout.root) }
        lock = try RunLock(layout.runLock)
        self.layout = layout
        configuration = try HubConfiguration.load(layout)
        try HubService.checkJournal(layout)
        let isManaged = configuration.sftpMode == .managed
        try HubService.checkSecrets(layout, hasHostKey: isManaged)
        let sessions = SSHSessions(of: isManaged ? .managed(port: configuration.sftpPort) : .system)
        let keys = AuthorizedKeysFile(
            layout: layout, configuration: configuration, program: program, sessions: sessions)
        server = isManaged ? try SSHServer(layout: layout, hub: configuration, sessions: sessions) : nil
        machine = isManaged ? nil : try MachineService(layout, configuration, sessions)
        engine = try makeEngine(layout, configuration, keys)
        let hostKey = try? configuration.hostKey(layout)
        announcement = hostKey.flatMap { [configuration] in Announcement(configuration, fingerprint: $0.fingerprint) }
    }

    /// Returns once API and SFTP answer.
    func start() throws {
        log.info("starting", ["root": layout.root, "name": configuration.name])
        if let consequence = ConfinementRule.consequence(abi: Confinement.landlockABI, configuration.unconfined) {
            log.warning("sftp_not_confined", ["reason": "this kernel has no Landlock", "then": consequence])
        }
        try checkAPIPort()
        try engine.start()
        do {
            try awaitAPI(within: .seconds(10))
            try Secrets.write(Array("\(configuration.apiPort)\n".utf8), to: layout.apiPort)
            try server?.start()
            try machine?.start()
        } catch {
            stop()
            throw error
        }
        log.info("ready", ["sftp": configuration.sftpPort, "api": configuration.apiPort])
        announcement?.start()
        Memory.trim()
    }

    /// Returns when no process of the hub's is left.
    func stop() {
        log.info("stopping")
        announcement?.stop()
        // Who cannot come in any more need not be told that the rest is gone.
        server?.stop()
        machine?.stop()
        engine.stop()
        log.info("stopped")
    }

    /// A journal is only ever made by `init` and `rebuild`: one that was made anew beside a share by accident would let
    /// nobody in.
    private static func checkJournal(_ layout: HubLayout) throws {
        guard HubFile.exists(layout.journal) else { throw HubServiceError.noJournal(root: layout.root) }
        if let reason = try Journal.damage(path: layout.journal) {
            throw HubServiceError.damagedJournal(root: layout.root, reason: reason)
        }
    }

    /// sshd is told not to look at modes (StrictModes), so we do.
    private static func checkSecrets(_ layout: HubLayout, hasHostKey: Bool) throws {
        for path in [layout.root, layout.ssh] {
            guard let status = HubFile.status(path) else { throw HubServiceError.missing(path) }
            guard status.st_mode & 0o022 == 0 else { throw HubServiceError.writable(path) }
        }
        if hasHostKey { _ = try Secrets.read(layout.hostKey) }
        _ = try Secrets.read(layout.adminToken)
    }

    private func checkAPIPort() throws {
        if let code = TCPPort.obstacle(to: configuration.apiPort, on: "127.0.0.1") {
            throw HubServiceError.apiPort(configuration.apiPort, code: code)
        }
    }

    private func awaitAPI(within time: Duration) throws {
        let port = configuration.apiPort
        let question = "GET / HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nConnection: close\r\n\r\n"
        let deadline = ContinuousClock.now + time
        while !BannerProbe.answers(address: "127.0.0.1", port: port, saying: question, prefix: "HTTP/1.1") {
            guard ContinuousClock.now < deadline else { throw HubServiceError.silentAPI(port) }
            usleep(2_000)
        }
    }
}

/// Why a hub does not start.
package enum HubServiceError: Error, Hashable, Sendable, CustomStringConvertible {
    case noHub(String)
    case running(root: String, pid: Int?)
    case noJournal(root: String)
    case damagedJournal(root: String, reason: String)
    case missing(String)
    case writable(String)
    case apiPort(UInt16, code: Int32)
    case silentAPI(UInt16)

    package var description: String {
        switch self {
        case .noHub(let root): "there is no hub in \(root); make one with: synchub init --root \(ShellWord(root))"
        case .running(let root, let pid):
            "a hub is running in \(root) already\(pid.map { " (process \($0))" } ?? ""); stop it first"
        case .noJournal(let root):
            "the journal \(root)/journal.db is missing. Restore it from a backup, or make a new one from the share: "
                + "synchub rebuild --root \(ShellWord(root))"
        case .damagedJournal(let root, let reason):
            "the journal \(root)/journal.db is damaged: \(reason). Restore it from a backup, or make a new one from the share "
                + "(the damaged one is kept): synchub rebuild --root \(ShellWord(root))"
        case .missing(let path): "\(path) is missing; is the disk mounted? 'synchub check' tells more"
        case .writable(let path):
            "other users may write into \(path), and so let anybody in; make it private: chmod go-w \(ShellWord(path))"
        case .apiPort(let port, EADDRINUSE):
            "port \(port) on 127.0.0.1 is in use by another program; end that one, or set another api.port in hub.json5 (devices that "
                + "joined must then join again)"
        case .apiPort(let port, let code):
            "cannot listen on 127.0.0.1 port \(port): \(ErrnoText.of(code)); set another api.port in hub.json5"
        case .silentAPI(let port):
            "the API was started but does not answer on port \(port); run again with SYNC_TRACE=hub:debug"
        }
    }
}

/// Held by the one hub that runs in a root; let go by the kernel, however that ends.
final class RunLock {
    private let file: Int32

    /// - Throws: ``HubServiceError/running(root:pid:)`` if another holds it, ``HubFileError``.
    init(_ path: String) throws {
        file = try HubFile.check(open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600), "open", path)
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            close(file)
            guard code == EWOULDBLOCK else { throw HubFileError(doing: "lock", path: path, code: code) }
            throw HubServiceError.running(
                root: String(path.prefix(upTo: path.lastIndex(of: "/") ?? path.endIndex)), pid: HubFile.number(path))
        }
        // For the message only; what counts is the lock.
        ftruncate(file, 0)
        let line = Array("\(getpid())\n".utf8)
        // SAFETY: the array's own length goes along.
        _ = line.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
    }

    deinit { close(file) }

    /// Whether somebody holds it now.
    static func isHeld(_ path: String) -> Bool {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard file >= 0 else { return false }
        defer { close(file) }
        return flock(file, LOCK_SH | LOCK_NB) != 0
    }
}
