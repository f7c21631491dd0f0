internal import CLinux
import Glibc

/// A program that we started. It is reaped by a thread of its own; dropping the last reference does not end it.
/// Any thread.
package final class ChildProcess: Sendable {
    /// What one of its three standard streams is.
    package enum Stream: Sendable {
        /// `/dev/null`.
        case null
        /// The same as ours.
        case inherit
        /// A descriptor of the caller's, who keeps and closes it.
        case descriptor(Int32)
        /// A pipe; our end is ``ChildProcess/input``, ``ChildProcess/output`` or ``ChildProcess/errors``.
        case pipe
    }

    /// How it starts.
    package struct Options: Sendable {
        /// Nil: ours.
        package var environment: [String: String]?
        /// Nil: ours.
        package var directory: String?
        /// Its standard input.
        package var input = Stream.null
        /// Its standard output.
        package var output = Stream.inherit
        /// Its standard error.
        package var errors = Stream.inherit
        /// In a session of its own (no terminal).
        package var newSession = false
        /// In a process group of its own: Ctrl-C in our terminal does not reach it, and ``ChildProcess/signalGroup(_:)`` does.
        package var newGroup = false
        /// The kernel ends it (SIGKILL) when we end, however we end.
        package var diesWithParent = false

        package init(
            environment: [String: String]? = nil, directory: String? = nil, input: Stream = .null,
            output: Stream = .inherit, errors: Stream = .inherit, newSession: Bool = false, newGroup: Bool = false,
            diesWithParent: Bool = false
        ) {
            self.environment = environment
            self.directory = directory
            self.input = input
            self.output = output
            self.errors = errors
            self.newSession = newSession
            self.newGroup = newGroup
            self.diesWithParent = diesWithParent
        }
    }

    private enum Phase {
        case starting
        case running
        case failed(Int32)
        case ended(ExitStatus)
    }

    private struct State {
        var phase = Phase.starting
        var pid: pid_t = 0
        var observers: [@Sendable (ExitStatus) -> Void] = []
    }

    /// Where to write what it reads, if that is a pipe.
    package let input: PipeEnd?
    /// Where to read what it writes, if that is a pipe.
    package let output: PipeEnd?
    /// Where to read its complaints, if that is a pipe.
    package let errors: PipeEnd?
    private let state = Monitor(State())

    /// Starts a program. Returns when it is executing.
    /// - Parameter executable: a path; see ``findExecutable(_:)``.
    /// - Parameter arguments: without the name of the program.
    /// - Throws: ``ProcessError``.
    package init(_ executable: String, _ arguments: [String], _ options: Options = Options()) throws(ProcessError) {
        let input = try Plumbing(options.input, standard: 0, executable)
        let output = try Plumbing(options.output, standard: 1, executable)
        let errors = try Plumbing(options.errors, standard: 2, executable)
        self.input = input.ours
        self.output = output.ours
        self.errors = errors.ours
        let streams = (input.childs, output.childs, errors.childs)
        let state = state
        // The thread that starts it is the one that waits: the kernel takes the end of the *thread* for that of the parent.
        startThread("child") {
            ChildProcess.run(executable, arguments, options, streams, state)
        }
        let failure: Int32? = state.wait { state -> Int32?? in
            switch state.phase {
            case .starting: nil
            case .failed(let code): .some(code)
            case .running, .ended: .some(nil)
            }
        }.flatMap { $0 }
        withExtendedLifetime((input, output, errors)) {}
        if let failure { throw ProcessError(executable: executable, code: failure) }
    }

    /// Stays what it was after the end, when the system may give the number to another.
    package var pid: Int32 { state.withLock { $0.pid } }

    /// How it ended; nil while it runs.
    package var exitStatus: ExitStatus? { state.wait(timeout: .zero, ChildProcess.status) }

    /// Blocks until it has ended.
    package func wait() -> ExitStatus {
        // Without a time limit there is always an answer.
        state.wait(ChildProcess.status) ?? .exited(-1)
    }

    /// Blocks until it has ended or the time is over; nil then.
    package func wait(timeout: Duration) -> ExitStatus? { state.wait(timeout: timeout, ChildProcess.status) }

    /// Calls `observer` once it has ended, on its thread, or at once if it has.
    package func onExit(_ observer: @escaping @Sendable (ExitStatus) -> Void) {
        let ended = state.withLock { state -> ExitStatus? in
            if case .ended(let status) = state.phase { return status }
            state.observers.append(observer)
            return nil
        }
        if let ended { observer(ended) }
    }

    /// SIGTERM: asks it to end.
    package func terminate() { signal(SIGTERM) }

    /// SIGKILL.
    package func kill() { signal(SIGKILL) }

    /// Sends a signal, if it still runs.
    package func signal(_ number: Int32) { whileRunning { _ = Glibc.kill($0, number) } }

    /// Sends a signal to its group, which it must have been given (``Options/newGroup`` or ``Options/newSession``).
    package func signalGroup(_ number: Int32) { whileRunning { _ = Glibc.kill(-$0, number) } }

    /// With the lock held it is not reaped, so that the pid is its own.
    private func whileRunning(_ body: (pid_t) -> Void) {
        state.withLock { if case .running = $0.phase { body($0.pid) } }
    }

    private static func status(_ state: inout State) -> ExitStatus? {
        if case .ended(let status) = state.phase { status } else { nil }
    }

    private static func run(
        _ executable: String, _ arguments: [String], _ options: Options, _ streams: (Int32, Int32, Int32),
        _ state: Monitor<State>
    ) {
        let pid = spawn(executable, arguments, options, streams)
        guard pid > 0 else {
            let code = errno
            return state.withLock { $0.phase = .failed(code) }
        }
        state.withLock {
            $0.pid = pid
            $0.phase = .running
        }
        _ = linux_await_exit(pid)
        let (status, observers) = state.withLock { state in
            var raw: Int32 = 0
            while waitpid(pid, &raw, 0) < 0 && errno == EINTR {}
            let status = ExitStatus(waitStatus: raw)
            state.phase = .ended(status)
            let observers = state.observers
            state.observers = []
            return (status, observers)
        }
        for observer in observers { observer(status) }
    }

    private static func spawn(
        _ executable: String, _ arguments: [String], _ options: Options, _ streams: (Int32, Int32, Int32)
    ) -> pid_t {
        let environment = options.environment.map { $0.map { "\($0.key)=\($0.value)" } }
        return withCStrings([executable] + arguments) { arguments in
            withCStrings(environment ?? []) { variables in
                withOptionalCString(options.directory) { directory in
                    executable.withCString { executable in
                        var request = linux_spawn()
                        request.executable = executable
                        request.arguments = arguments
                        request.environment = environment == nil ? nil : variables
                        request.directory = directory
                        request.standard_streams = streams
                        request.new_session = options.newSession ? 1 : 0
                        request.new_group = options.newGroup ? 1 : 0
                        request.death_signal = options.diesWithParent ? SIGKILL : 0
                        return linux_spawn(&request)
                    }
                }
            }
        }
    }
}

/// A NULL-terminated array of C strings, alive during the call.
private func withCStrings<Result>(
    _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
    var pointers = strings.map { strdup($0) } + [nil]
    defer { pointers.forEach { free($0) } }
    // SAFETY: the array is not empty.
    return pointers.withUnsafeMutableBufferPointer { body(UnsafePointer($0.baseAddress!)) }
}

private func withOptionalCString<Result>(_ string: String?, _ body: (UnsafePointer<CChar>?) -> Result) -> Result {
    guard let string else { return body(nil) }
    return string.withCString { body($0) }
}
