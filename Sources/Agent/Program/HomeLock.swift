import Glibc

/// One process at a time works with a home.
struct HomeLock: ~Copyable {
    private let descriptor: Int32

    /// - Throws: ``AgentFailure`` if another process has it.
    init(_ layout: AgentLayout) throws {
        try self.init(
            path: layout.lock,
            whenTaken: "an agent already runs with \(layout.home); stop it first (systemctl --user stop syncagent), "
                + "or ask it: syncctl status --home \(layout.home)")
    }

    /// - Parameter whenTaken: what to say if another process has it.
    init(path: String, whenTaken: @autoclosure () -> String) throws {
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw AgentFailure(.failed, "cannot open \(path): \(String(cString: strerror(errno)))")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw AgentFailure(.failed, whenTaken())
        }
    }

    deinit {
        // A child that is just being started has the descriptor, too.
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }
}
