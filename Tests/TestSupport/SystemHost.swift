import Glibc
import Processes

/// A machine whose own sshd serves a hub: a mount and a network namespace in which `deploy/sshd-synchub.conf` lies where it belongs, byte for
/// byte, the user `synchub` exists, and Debian's sshd listens on port 22. Wants root. Its processes end with ``stop()``.
package final class SystemHost: @unchecked Sendable {
    // SAFETY of Sendable: used by the one thread of its test.
    package let directory = TemporaryDirectory()
    private let namespace: ChildProcess
    private var sshd: ChildProcess?
    private var hub: ChildProcess?
    private let inside: [String]

    package static let user: UInt32 = 61_235
    package static let root = "/srv/synchub"

    /// Why it cannot be had here; nil if it can.
    package static let obstacle: String? = {
        if geteuid() != 0 { return "needs root, for a mount namespace" }
        for tool in ["unshare", "nsenter", "setpriv", "ip", "findmnt"] where findExecutable(tool) == nil {
            return "needs \(tool)"
        }
        let tried = try? Processes.run(
            findExecutable("unshare") ?? "",
            ["--mount", "--net", "/bin/sh", "-c", "mount -t tmpfs none /mnt && ip link set lo up"])
        return tried?.status.isSuccess == true ? nil : "needs the right to make namespaces and to mount"
    }()

    private static let repository =
        "/" + "\(#filePath)".split(separator: "/").dropLast(3).joined(separator: "/")

    /// Makes the machine, the hub and the jail, and starts sshd.
    package init() throws {
        chmod(directory.path, 0o711)
        for (file, line) in [
            ("passwd", "synchub:x:\(SystemHost.user):\(SystemHost.user)::\(SystemHost.root):/bin/sh\n"),
            ("group", "synchub:x:\(SystemHost.user):\n"), ("shadow", "synchub:!:19000::::::\n"),
        ] {
            let own = FleetFolder("/etc").text(FleetPath(file)) ?? ""
            directory.write(own + line, to: file)
            chmod(directory.path(file), file == "shadow" ? 0o600 : 0o644)
        }
        directory.makeDirectory("hub")
        chmod(directory.path("hub"), 0o700)
        chown(directory.path("hub"), SystemHost.user, SystemHost.user)
        namespace = try ChildProcess(
            findExecutable("unshare") ?? "",
            [
                "--mount", "--net", "/bin/sh", "-c", SystemHost.setUp, "sh", directory.path, SystemHost.repository,
                FleetProgram.directory,
            ], ChildProcess.Options(input: .pipe, output: .pipe, diesWithParent: true))
        inside = ["--target", "\(namespace.pid)", "--mount", "--net"]
        guard namespace.output?.read().map({ String(decoding: $0, as: UTF8.self) }) == "ready\n" else {
            throw FleetProgram.Failure("no namespace")
        }
        try answer("synchub", "init", "--root", SystemHost.root, "--system", "--name", "pi").expectSuccess()
        try configure("s|// Without it: what|hosts: [\"127.0.0.1\"], // |")
        try jail("up")
        sshd = try start(["/usr/sbin/sshd", "-D", "-e"], log: "sshd.log")
        try eventually("sshd answers") { try answer("ssh-keyscan", "-t", "ed25519", "127.0.0.1").output != [] }
    }

    /// The jail needs the libraries of a synchub that was not built to need none.
    private static let setUp = """
        set -e
        mount --make-rprivate /
        ip link set lo up
        for name in passwd group shadow; do mount --bind "$1/$name" "/etc/$name"; done
        hide() { mount -t tmpfs -o mode=755 tmpfs "$1"; }
        hide /srv
        mkdir /srv/synchub
        mount --bind "$1/hub" /srv/synchub
        hide /usr/local/bin
        for name in synchub syncctl syncagent; do
            : >"/usr/local/bin/$name"
            mount --bind "$3/$name" "/usr/local/bin/$name"
        done
        hide /run
        mkdir /run/sshd
        mount -t tmpfs -o mode=1777 tmpfs /dev/shm
        hide /etc/ssh
        mkdir /etc/ssh/sshd_config.d
        cp "$2/deploy/sshd-synchub.conf" /etc/ssh/sshd_config.d/synchub.conf
        printf '%s\\n' 'Include /etc/ssh/sshd_config.d/*.conf' 'KbdInteractiveAuthentication no' 'UsePAM yes' \\
            'X11Forwarding yes' 'PrintMotd no' 'AcceptEnv LANG LC_*' 'Subsystem sftp /usr/lib/openssh/sftp-server' \\
            >/etc/ssh/sshd_config
        ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key
        echo ready
        exec cat
        """

    /// Ends all of it, and sees that nothing is left.
    package func stop() {
        for child in [hub, sshd].compactMap({ $0 }) {
            child.terminate()
            if child.wait(timeout: .seconds(10)) == nil { child.kill() }
        }
        for pid in own { Glibc.kill(pid, SIGKILL) }
        namespace.kill()
        _ = namespace.wait()
    }

    /// Processes that are in its namespace.
    private var own: [pid_t] {
        guard let here = place(of: namespace.pid) else { return [] }
        return ProcessTable().entries.keys.filter { $0 != namespace.pid && place(of: $0) == here }
    }

    private func place(of pid: pid_t) -> String? {
        var target = [CChar](repeating: 0, count: 64)
        let count = readlink("/proc/\(pid)/ns/mnt", &target, target.count)
        return count > 0 ? String(decoding: target.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self) : nil
    }

    // MARK: - What runs there

    /// Starts the hub as its user; returns when it answers.
    package func startHub() throws {
        let child = try start(["synchub", "run", "--root", SystemHost.root], as: SystemHost.user, log: "hub.log")
        hub = child
        guard let line = child.output?.read(), String(decoding: line, as: UTF8.self) == "ready: sftp 22, api 2280\n"
        else {
            throw FleetProgram.Failure("the hub is not ready\n\(log)")
        }
    }

    /// SIGTERM, and waits.
    package func stopHub() throws -> ExitStatus? {
        hub?.terminate()
        return hub?.wait(timeout: .seconds(15))
    }

    /// A program that goes on, as root unless another is named.
    /// - Parameter log: where its complaints go.
    package func start(_ words: [String], as user: UInt32? = nil, log: String) throws -> ChildProcess {
        let file = open(directory.path(log), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        defer { close(file) }
        return try ChildProcess(
            findExecutable("nsenter") ?? "", entering(words, user),
            ChildProcess.Options(
                environment: SystemHost.environment, input: .pipe, output: .pipe, errors: .descriptor(file),
                newSession: true, diesWithParent: true))
    }

    /// A program to its end, as the hub's user.
    package func answer(_ words: String..., input: [UInt8] = []) throws -> Completed {
        try run(words, as: SystemHost.user, input: input)
    }

    /// A program to its end.
    package func run(_ words: [String], as user: UInt32? = nil, input: [UInt8] = []) throws -> Completed {
        try Processes.run(
            findExecutable("nsenter") ?? "", entering(words, user), environment: SystemHost.environment, input: input,
            timeout: .seconds(60))
    }

    private func entering(_ words: [String], _ user: UInt32?) -> [String] {
        let become = user.map { ["setpriv", "--reuid=\($0)", "--regid=\($0)", "--clear-groups"] } ?? []
        return inside + become + words
    }

    private static let environment = [
        "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "HOME": "/nonexistent", "SYNC_TRACE": "debug",
    ]

    /// `synchub-jail`, as its unit runs it.
    package func jail(_ word: String) throws {
        let libraries = "SYNCHUB_ALSO=" + (directoryExists("/opt/swift") ? "/opt/swift" : "")
        try run(["env", libraries, SystemHost.repository + "/deploy/synchub-jail", word]).expectSuccess()
    }

    private func directoryExists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// Changes `hub.json5` by a command of sed.
    package func configure(_ command: String) throws {
        try run(["sed", "-i", command, SystemHost.root + "/hub.json5"], as: SystemHost.user).expectSuccess()
    }

    package var log: String {
        ["hub.log", "sshd.log"].map { "--- \($0)\n\(FleetProgram.tail(of: directory.path($0)))" }.joined(
            separator: "\n")
    }

    // MARK: - Devices

    /// Makes a key, and has the hub let it in as a phone's.
    package func admit(_ phone: String, _ options: String...) throws {
        try SSHDServer.makeKey(directory.path(phone))
        let key = directory.read(phone + ".pub") ?? []
        try run(
            ["syncctl", "invite", phone, "--sftp-only", "--key", "-", "--root", SystemHost.root] + options,
            as: SystemHost.user, input: key
        ).expectSuccess()
    }

    /// OpenSSH's sftp with these commands; each begins with `-` to go on after a failure.
    package func sftp(_ phone: String, _ commands: String...) throws -> Completed {
        try run(
            ["sftp", "-q"] + SystemHost.options(directory.path(phone)) + ["-b", "-", "synchub@127.0.0.1"],
            input: Array(commands.map { $0 + "\n" }.joined().utf8))
    }

    /// OpenSSH's ssh.
    package func ssh(key: String, _ words: [String]) throws -> Completed {
        try run(["ssh"] + SystemHost.options(key) + words)
    }

    /// For every client of OpenSSH.
    package static func options(_ key: String) -> [String] {
        ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR", "BatchMode=yes"]
            .flatMap { ["-o", $0] } + ["-F", "none", "-i", key]
    }
}

extension Completed {
    /// - Throws: when it ended in another way than well.
    @discardableResult
    package func expectSuccess() throws -> Completed {
        guard status.isSuccess else { throw FleetProgram.Failure("\(status): \(errorText)\(outputText)") }
        return self
    }
}

/// Runs `body` on such a machine with a hub that runs, and ends all its processes. For tests that are left out where there is a
/// ``SystemHost/obstacle``.
package func withSystemHost(_ body: (SystemHost) throws -> Void) throws {
    if let obstacle = SystemHost.obstacle {
        throw FleetProgram.Failure("a machine with an sshd of its own \(obstacle)")
    }
    let host = try SystemHost()
    defer { withExtendedLifetime(host) { host.stop() } }
    do {
        try host.startHub()
        try body(host)
    } catch {
        print("\(error)\n\(host.log)")
        throw error
    }
}
