import Glibc
import Synchronization

/// A real OpenSSH server of a test's own: own port, host key, client key and configuration, in a temporary directory. It
/// serves the user who runs the tests, and dies with the last reference (hold on to it with `withExtendedLifetime`).
package final class SSHDServer: Sendable {
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
        package init(description: String) { self.description = description }
    }

    package let directory: TemporaryDirectory
    /// On 127.0.0.1.
    package let port: UInt16
    /// The listening process.
    package let pid: pid_t
    /// Who may log in.
    package let user: String

    /// Starts it, and returns when it answers.
    /// - Parameters:
    ///   - configuration: lines put before the defaults (the first mention of a keyword counts).
    ///   - keyOptions: what stands before the key in `authorized_keys`, such as `restrict`.
    package init(configuration: [String] = [], keyOptions: String = "") throws {
        directory = TemporaryDirectory()
        user = SSHDServer.currentUser()
        if getuid() == 0 { mkdir("/run/sshd", 0o755) }
        try SSHDServer.makeKey(directory.path("host"))
        try SSHDServer.makeKey(directory.path("client"))
        let key = String(decoding: directory.read("client.pub") ?? [], as: UTF8.self)
        directory.write("\(keyOptions)\(keyOptions.isEmpty ? "" : " ")\(key)", to: "authorized_keys")
        (port, pid) = try SSHDServer.start(directory, configuration)
    }

    deinit { stop() }

    /// The public half of the host key: `ssh-ed25519 AAAA…`.
    package var hostKeyLine: String { String(decoding: directory.read("host.pub") ?? [], as: UTF8.self) }

    /// The private key that is authorized, in OpenSSH's format.
    package var clientKeyPath: String { directory.path("client") }

    /// Kills every process that serves a connection; the listener goes on.
    package func killSessions() {
        for child in SSHDServer.descendants(of: pid) { kill(child, SIGKILL) }
    }

    /// Stops (`SIGSTOP`) every process that serves a connection: the connections stay open, and nobody answers.
    package func freezeSessions() {
        for child in SSHDServer.descendants(of: pid) { kill(child, SIGSTOP) }
    }

    /// Ends listener and sessions. A second call does nothing.
    package func stop() {
        guard kill(pid, 0) == 0 else { return }
        let sessions = SSHDServer.descendants(of: pid)
        for process in [pid] + sessions { kill(process, SIGKILL) }
        waitpid(pid, nil, 0)
        SSHDServer.running.withLock { _ = $0.remove(pid) }
    }

    /// Servers of tests that failed may still be held by a thread when the process exits: they end with it.
    private static let running: Running = {
        atexit {
            for pid in SSHDServer.running.withLock({ $0 }) {
                for process in [pid] + SSHDServer.descendants(of: pid) { kill(process, SIGKILL) }
            }
        }
        return Running()
    }()

    private final class Running: Sendable {
        private let pids = Mutex<Set<pid_t>>([])
        func withLock<Result: Sendable>(_ body: @Sendable (inout Set<pid_t>) -> Result) -> Result {
            pids.withLock { body(&$0) }
        }
    }

    /// What the server logged so far.
    package var log: String { String(decoding: directory.read("log") ?? [], as: UTF8.self) }

    /// Makes an ed25519 key pair in OpenSSH's format at `path` and `path.pub`.
    package static func makeKey(_ path: String) throws {
        let pid = try spawn(
            ["/usr/bin/ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", path], log: "/dev/null")
        var status: Int32 = 0
        waitpid(pid, &status, 0)
        guard status == 0 else { throw Failure(description: "ssh-keygen ended with status \(status)") }
    }

    // MARK: Inside

    private static func start(_ directory: TemporaryDirectory, _ configuration: [String]) throws -> (UInt16, pid_t) {
        // RACE: another process may take the port between our look and sshd's bind; then sshd ends, and we try another.
        for _ in 0..<5 {
            let port = try freePort()
            let lines =
                configuration + [
                    "ListenAddress 127.0.0.1:\(port)", "HostKey \(directory.path("host"))",
                    "AuthorizedKeysFile \(directory.path("authorized_keys"))", "PidFile none", "UsePAM no",
                    "StrictModes no",
                    "PasswordAuthentication no", "KbdInteractiveAuthentication no", "PermitRootLogin yes",
                    "LogLevel VERBOSE", "UseDNS no", "MaxStartups 100:30:200", "Subsystem sftp internal-sftp",
                ]
            let file = directory.write(lines.joined(separator: "\n") + "\n", to: "sshd_config")
            let pid = try spawn(["/usr/sbin/sshd", "-D", "-e", "-f", file], log: directory.path("log"))
            running.withLock { _ = $0.insert(pid) }
            if waitUntilAnswering(port, pid) { return (port, pid) }
        }
        throw Failure(
            description: "sshd does not start: \(String(decoding: directory.read("log") ?? [], as: UTF8.self))")
    }

    private static func waitUntilAnswering(_ port: UInt16, _ pid: pid_t) -> Bool {
        let deadline = ContinuousClock.now + .seconds(10)
        while ContinuousClock.now < deadline {
            if waitpid(pid, nil, WNOHANG) != 0 { return false }
            let socket = try? connectLoopback(port)
            if let socket {
                close(socket)
                return true
            }
            usleep(2000)
        }
        kill(pid, SIGKILL)
        waitpid(pid, nil, 0)
        return false
    }

    private static func descendants(of pid: pid_t) -> [pid_t] {
        guard let file = fopen("/proc/\(pid)/task/\(pid)/children", "r") else { return [] }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 65536)
        guard fgets(&line, Int32(line.count), file) != nil else { return [] }
        let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let children = text.split(separator: " ").compactMap { pid_t($0) }
        return children + children.flatMap(descendants)
    }

    private static func currentUser() -> String {
        guard let entry = getpwuid(getuid()) else { return "root" }
        return String(cString: entry.pointee.pw_name)
    }

    private static func spawn(_ words: [String], log: String) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        let arguments = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var pid = pid_t()
        let code = posix_spawn(&pid, words[0], &actions, nil, arguments, environ)
        guard code == 0 else { throw Failure(description: "cannot start \(words[0]): errno \(code)") }
        return pid
    }

    // MARK: Sockets

    /// A port of 127.0.0.1 on which nobody listens now.
    package static func freePort() throws -> UInt16 {
        let (socket, port) = try listenLoopback()
        close(socket)
        return port
    }

    /// A listening socket on a free port of 127.0.0.1. The caller closes it.
    package static func listenLoopback() throws -> (socket: Int32, port: UInt16) {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { throw Failure(description: "socket: errno \(errno)") }
        var address = loopback(0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutablePointer(to: &address) { pointer in
            // SAFETY: a sockaddr_in is a sockaddr of its family, and its size goes along.
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, length) | listen(socket, 128) | getsockname(socket, $0, &length)
            }
        }
        guard code == 0 else {
            close(socket)
            throw Failure(description: "listen: errno \(errno)")
        }
        return (socket, UInt16(bigEndian: address.sin_port))
    }

    /// A blocking connection to a port of 127.0.0.1. The caller closes it.
    package static func connectLoopback(_ port: UInt16) throws -> Int32 {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = loopback(port)
        let code = withUnsafeMutablePointer(to: &address) { pointer in
            // SAFETY: as above.
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard code == 0 else {
            close(socket)
            throw Failure(description: "connect: errno \(errno)")
        }
        return socket
    }

    private static func loopback(_ port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        return address
    }
}
