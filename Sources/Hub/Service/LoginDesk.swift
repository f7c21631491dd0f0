internal import CLinux
import Glibc
internal import Processes

/// Where the machine's own sshd asks, by way of `synchub keys`, whether a key may come in. Who asks is known from the kernel: the process
/// that keeps the connection, if somebody comes in. ``start(_:)`` and ``stop()`` from one thread.
final class LoginDesk: Sendable {
    private let directory: String
    private let log = Log("sshd")
    private let isStopped = Monitor(false)
    /// False while the thread runs.
    private let isOver = Monitor(true)
    private let wakeup: Int32

    /// - Throws: ``HubFileError``.
    init(_ layout: HubLayout) throws(HubFileError) {
        directory = layout.sessions
        wakeup = try HubFile.check(linux_eventfd(1), "wait for logins in", directory)
    }

    deinit { close(wakeup) }

    /// Answers from now on.
    /// - Throws: ``HubFileError``.
    func start(_ sessions: SSHSessions) throws(HubFileError) {
        try HubFile.makeDirectory(directory, mode: 0o700)
        let listener = try LoginQuestion.withDirectory(directory) { handle throws(HubFileError) in
            try HubFile.check(linux_listen_for_records(handle, LoginQuestion.socket), "listen in", directory)
        }
        isOver.withLock { $0 = false }
        startThread("logins") { [self] in
            serve(listener, sessions)
            close(listener)
            isOver.withLock { $0 = true }
        }
    }

    /// Returns when nobody is answered any more.
    func stop() {
        isStopped.withLock { $0 = true }
        var one: UInt64 = 1
        _ = write(wakeup, &one, 8)
        _ = isOver.wait { $0 ? true : nil }
    }

    private func serve(_ listener: Int32, _ sessions: SSHSessions) {
        while !isStopped.look({ $0 }) {
            var waited = [listener, wakeup].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            if poll(&waited, 2, -1) < 0, errno != EINTR { return log.error("nobody_asked", ["errno": errno]) }
            let connection = linux_accept_for_records(listener)
            if connection >= 0 {
                answer(connection, sessions)
                close(connection)
            } else if errno != EAGAIN, errno != ECONNABORTED, errno != EINTR {
                // No more descriptors are to be had: a little later.
                usleep(100_000)
            }
        }
    }

    /// Who asks has a second to do so.
    private func answer(_ connection: Int32, _ sessions: SSHSessions) {
        var (process, user) = (pid_t(), uid_t())
        guard linux_peer(connection, &process, &user) == 0, user == geteuid(),
            let asker = ProcessTable.entry(process)?.parent, let fingerprint = LoginQuestion.read(connection)
        else { return }
        let isAdmitted = sessions.admits(fingerprint, askedBy: asker)
        log.debug(isAdmitted ? "key_admitted" : "key_refused", ["key": fingerprint, "process": asker])
        LoginQuestion.write(isAdmitted ? LoginQuestion.yes : LoginQuestion.no, to: connection)
    }
}

/// What `synchub keys` asks the hub that runs.
struct LoginQuestion {
    enum Answer: Hashable {
        case admitted, refused
        /// No hub runs. What is in the list may come in, and is a stranger to the hub that starts next.
        case nobodyThere
    }

    /// Its name.
    static let socket = "logins"
    fileprivate static let (yes, no) = ("yes", "no")

    /// Blocks, for a few seconds at most.
    static func ask(about key: PublicKey, _ layout: HubLayout) -> Answer {
        let found = try? withDirectory(layout.sessions) { handle throws(HubFileError) in
            try HubFile.check(linux_connect_for_records(handle, socket), "ask in", layout.sessions)
        }
        guard let connection = found else { return .nobodyThere }
        defer { close(connection) }
        write(key.fingerprint, to: connection)
        // Somebody was there: who does not answer lets nobody in.
        return read(connection, within: 5_000) == yes ? .admitted : .refused
    }

    fileprivate static func withDirectory<Value>(
        _ path: String, _ body: (Int32) throws(HubFileError) -> Value
    ) throws(HubFileError) -> Value {
        let handle = try HubFile.check(open(path, LINUX_O_PATH | LINUX_O_DIRECTORY | O_CLOEXEC), "open", path)
        defer { close(handle) }
        return try body(handle)
    }

    fileprivate static func write(_ text: String, to connection: Int32) {
        let bytes = Array(text.utf8)
        // SAFETY: the array's own length goes along.
        _ = bytes.withUnsafeBytes { send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    }

    /// One record.
    fileprivate static func read(_ connection: Int32, within milliseconds: Int32 = 1_000) -> String? {
        var waited = pollfd(fd: connection, events: Int16(POLLIN), revents: 0)
        guard poll(&waited, 1, milliseconds) == 1 else { return nil }
        var block = [UInt8](repeating: 0, count: 256)
        // SAFETY: the block's own length goes along.
        let count = block.withUnsafeMutableBytes { recv(connection, $0.baseAddress, $0.count, Int32(MSG_DONTWAIT)) }
        return count > 0 ? String(decoding: block.prefix(count), as: UTF8.self) : nil
    }
}
