import Arguments
internal import ControlAPI
import Glibc
internal import Processes
import SyncCore

/// The program `synchub`.
package enum HubProgram {
    /// As `--version` and `status` show it.
    package static let version = ProductVersion.current

    /// Does what the command line says, and ends the process. For the main thread.
    package static func main() -> Never {
        Signals.ignorePipe()
        Memory.keepSmall()
        switch program.parse(processArguments()) {
        case .help(let text), .version(let text): end(.done, text)
        case .wrongUsage(let text): end(.wrongUsage, complaint: text)
        case .run(let invocation): run(invocation)
        }
    }

    private static let program = Program(
        name: "synchub", summary: "the hub that keeps one folder the same on all your machines", version: version,
        commonOptions: [.value("root", "DIR", "Where the hub lies (default: $SYNCHUB_ROOT, else /srv/synchub)")],
        commands: [
            Command(
                name: "init", summary: "Make a hub",
                details:
                    "Makes a directory into a hub: configuration, keys, journal and an empty share. Runs as any user.",
                options: [
                    .value("name", "NAME", "How the hub calls itself (default: the name of this machine)"),
                    .value("listen", "ADDR", "Where SFTP listens (default: on every address of this machine)"),
                    .value("sftp-port", "N", as: .port, "The port of SFTP (default, or 0: one that is free)"),
                    .value(
                        "api-port", "N", as: .port, "The port of the API on 127.0.0.1 (default, or 0: one that is free)"
                    ),
                    .flag(
                        "system",
                        "This machine's own sshd serves it, as deploy/sshd-synchub.conf says (ports: 22 and 2280)"),
                ]),
            Command(
                name: "run", summary: "Run the hub in the foreground",
                details: "Prints 'ready: sftp PORT, api PORT' once both answer. Ends with SIGTERM or Ctrl-C."),
            Command(
                name: "rebuild", summary: "Make a lost or damaged journal anew, from the share",
                details: """
                    Reads the whole share and versions/, takes the devices over from the old journal or from clients.json, and keeps the old
                    journal beside the new one. Devices then compare everything and delete nothing. The hub must not run meanwhile.
                    """),
            Command(
                name: "check", summary: "Say what is wrong with this machine or this hub, and what to do",
                options: [.flag("json", "Show it as JSON")]),
            Command(
                name: "sftp", group: "For sshd",
                summary: "Serve one SFTP session of a device (its key's forced command)",
                options: [
                    .value("client", "NAME", "The device (required)"),
                    .value(
                        "kind", "KIND", as: .choice(SFTPGrant.Kind.allCases.map(\.rawValue)),
                        "What it is (default: sftp)"),
                    .flag("read-only", "It changes nothing of the share"),
                    .value(
                        "part", "HEX", "The only directory of the share that it sees: its path in hexadecimal digits"),
                    .value("inode", "DEV:INO", "Which directory that is, or 'gone'; with --part"),
                    .value(
                        "unconfined", "WHO", as: .choice(UnconfinedSessions.allCases.map(\.rawValue)),
                        "Whose session goes on where the kernel cannot confine it (default: members)"),
                ]),
            Command(
                name: "keys", group: "For sshd",
                summary: "Say what a key may do (AuthorizedKeysCommand of this machine's own sshd)",
                options: [.value("key", "BASE64", "The key, as sshd has it in %k (required)")]),
        ])

    private static func run(_ invocation: Invocation) -> Never {
        do {
            let layout = try root(invocation)
            switch invocation.command {
            case "init": try initialise(layout, invocation)
            case "run": try serve(layout)
            case "rebuild": try rebuild(layout)
            case "check": check(layout, asJSON: invocation.has("json"))
            case "keys": try keys(layout, invocation)
            default: try session(layout, invocation)
            }
        } catch let error as UsageError {
            end(.wrongUsage, complaint: program.wrongUsage("\(error)", command: invocation.command))
        } catch {
            end(.failed, complaint: "synchub: \(error)")
        }
    }

    private static func root(_ invocation: Invocation) throws -> HubLayout {
        let given = invocation.text("root") ?? getenv("SYNCHUB_ROOT").map { String(cString: $0) } ?? "/srv/synchub"
        guard !given.isEmpty else { throw UsageError("--root must not be empty") }
        return HubLayout(root: AbsolutePath.of(given))
    }

    private static func initialise(_ layout: HubLayout, _ invocation: Invocation) throws -> Never {
        umask(0o077)
        var work = HubInitialisation(
            layout: layout, name: invocation.text("name"), listen: invocation.text("listen"),
            sftpPort: invocation.port("sftp-port"), apiPort: invocation.port("api-port"))
        work.isSystem = invocation.has("system")
        let configuration = try work.run()
        end(
            .done,
            """
            hub '\(configuration.name)' made in \(layout.root): sftp \(configuration.sftpPort), api \(configuration.apiPort)
            Start it with: synchub run --root \(ShellWord(layout.root))
            """)
    }

    private static func serve(_ layout: HubLayout) throws -> Never {
        let stop = Monitor(false)
        Signals.onTermination { number in
            // Whoever presses Ctrl-C twice does not want to wait.
            if stop.withLock({ $0 }), number == SIGINT { _exit(130) }
            stop.withLock { $0 = true }
        }
        let service = try HubService(layout: layout, program: try AbsolutePath.ofThisProgram(), makeEngine: engineMaker)
        try service.start()
        write("ready: sftp \(service.configuration.sftpPort), api \(service.configuration.apiPort)", to: STDOUT_FILENO)
        _ = stop.wait { $0 ? true : nil }
        service.stop()
        end(.done)
    }

    private static func rebuild(_ layout: HubLayout) throws -> Never {
        umask(0o077)
        end(.done, try HubRebuild(layout: layout, clock: .system).run().text(root: layout.root))
    }

    private static func check(_ layout: HubLayout, asJSON: Bool) -> Never {
        let report = HostCheck(layout: layout).run()
        end(report.isGood ? .done : .failed, asJSON ? report.json : report.text)
    }

    private static func session(_ layout: HubLayout, _ invocation: Invocation) throws -> Never {
        guard let client = invocation.text("client") else { throw UsageError("--client is missing") }
        let unconfined = invocation.text("unconfined").flatMap(UnconfinedSessions.init(rawValue:)) ?? .members
        try SFTPSession(layout: layout, grant: try grant(client, invocation), unconfined: unconfined).run()
    }

    private static func keys(_ layout: HubLayout, _ invocation: Invocation) throws -> Never {
        guard let key = invocation.text("key") else { throw UsageError("--key is missing") }
        end(.done, try KeysCommand(layout: layout, key: key).run() ?? "")
    }

    private static func grant(_ client: String, _ invocation: Invocation) throws -> SFTPGrant {
        do {
            return try SFTPGrant(
                client: client, kind: invocation.text("kind"), isReadOnly: invocation.has("read-only"),
                part: invocation.text("part"), inode: invocation.text("inode"))
        } catch let error as SFTPGrantError { throw UsageError("\(error)") }
    }

    // MARK: Ending

    private static func end(_ code: ExitCode, _ result: String = "", complaint: String = "") -> Never {
        if !complaint.isEmpty { write(complaint, to: STDERR_FILENO) }
        if !result.isEmpty { write(result, to: STDOUT_FILENO) }
        // Not exit(3): threads that still run must not see their globals go.
        _exit(code.rawValue)
    }

    /// Writes lines, unbuffered. What others have named does nothing to the terminal, whichever sentence it is in.
    private static func write(_ text: String, to descriptor: Int32) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { SafeText.name(String($0)) }
        var rest = Array((lines.joined(separator: "\n") + "\n").utf8)[...]
        while !rest.isEmpty {
            // SAFETY: the slice's own length goes along.
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 && errno != EINTR { return }
            rest = rest.dropFirst(max(count, 0))
        }
    }
}

/// Wrong usage that only the command itself can find.
private struct UsageError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// Paths as the kernel sees them.
enum AbsolutePath {
    /// Without symlinks as far as it exists; what does not exist is appended as it is written.
    static func of(_ path: String) -> String {
        if let resolved = real(path) { return resolved }
        let whole = path.hasPrefix("/") ? path : (real(".") ?? "") + "/" + path
        guard let slash = whole.lastIndex(of: "/"), slash != whole.startIndex else { return whole }
        let name = whole[whole.index(after: slash)...]
        let above = of(String(whole[..<slash]))
        return name.isEmpty || name == "." ? above : "\(above)/\(name)"
    }

    /// Where this program lies now, also while it is being replaced.
    static func ofThisProgram() throws(HubFileError) -> String {
        guard let path = ProcessFacts.executable(getpid()) else {
            throw HubFileError(doing: "find", path: "/proc/self/exe", code: errno)
        }
        return path
    }

    private static func real(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}
