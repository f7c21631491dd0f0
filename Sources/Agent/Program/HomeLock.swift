import Glibc

/// One process at a time works with a home.
struct HomeLock: ~Copyable {
    private let descriptor: Int32

    /// - Throws: ``AgentFailure`` if another process has it.
    init(_ layout: AgentLayout) throws {
        descriptor = open(layout.lock, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw AgentFailure(.failed, "cannot open \(layout.lock): \(String(cString: strerror(errno)))")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw AgentFailure(
                .failed,
                "an agent already runs with \(layout.home); stop it first (systemctl --user stop syncagent), "
                    + "or ask it: syncctl status --home \(layout.home)")
        }
    }

    deinit { close(descriptor) }
}
