import ControlAPI
import FileTree
import Glibc
@testable import Hub
import Processes
import SyncCore
import TestSupport

/// A hub of a test's own, run by the real program, with its own sshd on a free port of 127.0.0.1. One thread.
final class ServiceHub {
    /// What went wrong with it.
    struct Failure: Error, CustomStringConvertible {
        let description: String
        init(_ description: String) { self.description = description }
    }

    let directory = TemporaryDirectory()
    let layout: HubLayout
    private(set) var child: ChildProcess?
    var sftpPort: UInt16 = 0
    private(set) var apiPort: UInt16 = 0

    /// The real program: beside the tests.
    static let program: String = {
        let own = ProcessTable.executable(of: getpid()) ?? ""
        let beside = own.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" } + "/synchub"
        if access(beside, X_OK) == 0 { return beside }
        return "/" + "\(#filePath)".split(separator: "/").dropLast(4).joined(separator: "/") + "/.build/debug/synchub"
    }()

    /// - Parameter name: of the root below the test's directory.
    init(name: String = "hub", initialise: Bool = true) throws {
        layout = HubLayout(root: directory.path(name))
        if initialise { try self.initialise() }
    }

    /// Makes the hub.
    func initialise() throws {
        let made = try synchub(
            "init", "--listen", "127.0.0.1", "--sftp-port", "\(FleetPorts.free())", "--api-port", "\(FleetPorts.free())"
        )
        guard made.status.isSuccess else { throw Failure("init: \(made.errorText)") }
    }

    deinit {
        // However a test failed, nothing of it stays.
        child?.kill()
        _ = child?.wait()
        for pid in ownProcesses { kill(pid, SIGKILL) }
    }

    /// Runs `synchub` on this root to its end.
    func synchub(_ words: String..., environment: [String: String]? = nil) throws -> Completed {
        try Processes.run(
            ServiceHub.program, words + ["--root", layout.root], environment: environment, timeout: .seconds(30))
    }

    /// Starts `synchub run`, and returns when it says that it is ready.
    func start() throws {
        let log = open(directory.path("log"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        defer { close(log) }
        let child = try ChildProcess(
            ServiceHub.program, ["run", "--root", layout.root],
            ChildProcess.Options(
                environment: ["SYNC_TRACE": "debug", "PATH": "/usr/bin:/bin"], output: .pipe, errors: .descriptor(log),
                diesWithParent: true))
        self.child = child
        let words = try firstLine(child).split(whereSeparator: { $0 == " " || $0 == "," })
        guard words.count == 5, words[0] == "ready:", let sftp = UInt16(words[2]), let api = UInt16(words[4]) else {
            throw Failure("it said \(words); its log:\n\(log)")
        }
        (sftpPort, apiPort) = (sftp, api)
    }

    /// SIGTERM, and waits.
    func stop() throws -> ExitStatus {
        guard let child else { throw Failure("it does not run") }
        child.terminate()
        guard let status = child.wait(timeout: .seconds(10)) else { throw Failure("it does not end; its log:\n\(log)") }
        return status
    }

    /// SIGKILL, and waits.
    func crash() {
        child?.kill()
        _ = child?.wait()
    }

    var log: String { directory.text("log") ?? "" }

    /// The listening sshd.
    var sshd: pid_t? {
        child.flatMap { ProcessTable().children(of: $0.pid).first { isAlive($0) } }
    }

    /// Processes that hold our SSH port: the listener and its sessions.
    var ownProcesses: [pid_t] { sftpPort == 0 ? [] : ProcessTable.holders(ofLocalPort: sftpPort).filter { isSSHD($0) } }

    private func isSSHD(_ pid: pid_t) -> Bool { ProcessTable.executable(of: pid)?.contains("sshd") ?? false }

    private func firstLine(_ child: ChildProcess) throws -> String {
        var text = ""
        while let bytes = child.output?.read(), !bytes.isEmpty {
            text += String(decoding: bytes, as: UTF8.self)
            if let end = text.firstIndex(of: "\n") { return String(text[..<end]) }
        }
        throw Failure("it ended without a line; its log:\n\(log)")
    }

    // MARK: Devices

    var api: ServiceAPI { ServiceAPI(layout: layout, port: apiPort) }

    /// Makes a key pair in the test's directory.
    func makeKey(_ client: String) throws -> PublicKey {
        try SSHDServer.makeKey(directory.path(client))
        return try PublicKey(line: directory.text(client + ".pub") ?? "")
    }

    /// Makes a key pair and has the hub let it in, as a device's; of an agent the way in is gone to its end.
    /// - Parameter part: the directory of the share that it sees.
    func admit(
        _ client: String, as access: AuthorizedKey.Access, isReadOnly: Bool = false, part: String? = nil
    ) throws {
        if let part { try awaitPart(part) }
        switch access {
        case .sftp: try api.admit(client, key: try makeKey(client), readOnly: isReadOnly, subtree: part)
        case .agent:
            let invite = try api.invite(client, readOnly: isReadOnly, subtree: part)
            try api.hello(client, token: try api.join(invite, key: try makeKey(client)))
        case .invite: try keep(try api.invite(client))
        }
    }

    /// Until the hub has taken a directory of the share in.
    private func awaitPart(_ part: String) throws {
        let isThere = eventually {
            (try? api.post("/v1/why", PathRequest(path: part), as: WhyResponse.self)) != nil
        }
        if !isThere { throw Failure("the hub does not know '\(part)'; its log:\n\(log)") }
    }

    /// The key of an invite, to log in with.
    func keep(_ invite: InviteMessage) throws {
        directory.write(invite.key, to: invite.client)
        chmod(directory.path(invite.client), 0o600)
    }

    /// Puts a key into the list behind the hub's back.
    func list(_ key: PublicKey, of client: String, as access: AuthorizedKey.Access) throws {
        let text = AuthorizedKeysText(program: ServiceHub.program, layout: layout, apiPort: apiPort)
            .render([AuthorizedKey(client: try ClientName(client), key: key, access: access)])
        directory.write((directory.text("hub/ssh/authorized_keys") ?? "") + text, to: "hub/ssh/authorized_keys")
    }

    /// A directory of the share as it is now.
    func part(_ name: String) throws -> SharePart {
        let path = try RelativePath(bytes: Array(name.utf8))
        let status = try TreeRoot(path: layout.share).status(of: path)
        return SharePart(path: path, directory: status?.identity)
    }

    /// Runs OpenSSH's sftp with these commands. Each begins with `-` to go on after a failure.
    func sftp(as client: String, _ commands: String...) throws -> Completed {
        let batch = commands.map { $0 + "\n" }.joined()
        return try Processes.run(
            "/usr/bin/sftp", ["-q"] + options(client) + ["-P", "\(sftpPort)", "-b", "-", login],
            input: Array(batch.utf8),
            timeout: .seconds(20))
    }

    /// Runs OpenSSH's ssh.
    func ssh(as client: String, _ words: String..., input: String = "") throws -> Completed {
        try ssh(as: client, words: words, input: input)
    }

    /// The same.
    func ssh(as client: String, words: [String], input: String = "") throws -> Completed {
        try Processes.run(
            "/usr/bin/ssh", options(client) + ["-p", "\(sftpPort)"] + words, input: Array(input.utf8),
            timeout: .seconds(20))
    }

    /// Logs in once. Until it is ended, what is asked ``through`` it needs no login of its own, and is a session like any other.
    func openMaster(as client: String) throws -> ChildProcess {
        let path = master(client)
        let child = try ChildProcess(
            "/usr/bin/ssh",
            options(client) + ["-M", "-N", "-S", path, "-p", "\(sftpPort)", login],
            ChildProcess.Options(input: .null, output: .null, errors: .null, diesWithParent: true))
        guard eventually({ access(path, F_OK) == 0 }) else { throw Failure("no login of \(client); the log:\n\(log)") }
        return child
    }

    /// As ``sftp(as:_:)``, by the login of ``openMaster(as:)``.
    func sftp(through client: String, _ command: String) throws -> Completed {
        try Processes.run(
            "/usr/bin/sftp",
            ["-q", "-o", "ControlPath=\(master(client))"] + options(client) + ["-P", "\(sftpPort)", "-b", "-", login],
            input: Array("\(command)\n".utf8), timeout: .seconds(20))
    }

    private func master(_ client: String) -> String { directory.path("m-\(client)") }

    /// Opens an SFTP session that stays, and returns when it serves.
    func openSession(as client: String) throws -> ChildProcess {
        let child = try ChildProcess(
            "/usr/bin/sftp", ["-q"] + options(client) + ["-P", "\(sftpPort)", "-b", "-", login],
            ChildProcess.Options(input: .pipe, output: .pipe, errors: .null, newSession: true, diesWithParent: true))
        _ = child.input?.write(Array("pwd\n".utf8))
        var text = ""
        while !text.contains("working directory") {
            guard let bytes = child.output?.read(), !bytes.isEmpty else {
                throw Failure("no session; the log:\n\(log)")
            }
            text += String(decoding: bytes, as: UTF8.self)
        }
        return child
    }

    var login: String { (try? CurrentUser.name()).map { "\($0)@127.0.0.1" } ?? "" }

    /// For every client of OpenSSH.
    func options(_ client: String) -> [String] {
        ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR", "BatchMode=yes"]
            .flatMap { ["-o", $0] } + ["-F", "none", "-i", directory.path(client)]
    }
}

/// Whether a process runs; one that has ended and nobody has reaped does not.
func isAlive(_ pid: pid_t) -> Bool { ProcessTable().entries[pid].map { $0.state != "Z" } ?? false }

/// Blocks until something is so that nothing tells us of.
/// - Returns: false when ten seconds are over.
func eventually(_ condition: () -> Bool) -> Bool {
    let deadline = ContinuousClock.now + .seconds(10)
    while !condition() {
        if ContinuousClock.now > deadline { return false }
        usleep(5_000)
    }
    return true
}

/// Whether an SFTP session still serves: its client ends when it does not.
func isServed(_ session: ChildProcess) -> Bool {
    // The second line is reached only when the first was answered. The client repeats each behind its prompt.
    guard session.input?.write(Array("ls\n!echo served\n".utf8)) == true else { return false }
    var text = ""
    while let bytes = session.output?.read(), !bytes.isEmpty {
        text += String(decoding: bytes, as: UTF8.self)
        if text.contains("\nserved") { return true }
    }
    return false
}

/// Runs a test that blocks on threads of its own, not on those of the cooperative pool.
func blocking(_ body: @escaping @Sendable () throws -> Void) async throws {
    try await withTaskExecutorPreference(ThreadExecutor()) { try body() }
}

private final class ThreadExecutor: TaskExecutor {
    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        startThread("test") { [self] in job.runSynchronously(on: asUnownedTaskExecutor()) }
    }
}
