import Glibc

/// A name under which the agent's socket can be connected to. Names of sockets have at most 107 bytes (unix(7)); a longer
/// one is reached through the opened directory, as the agent does that listens on it. So is one that is not UTF-8.
final class AgentSocket: Sendable {
    /// For connect(2).
    let path: String
    /// Open for as long as `path` is used.
    private let directory: Int32?

    static let name = "agent.sock"
    static let limit = 107

    /// - Throws: the `errno` that kept the directory closed.
    init(home: [UInt8]) throws(SmallFile.Unreadable) {
        let full = joined(home, AgentSocket.name)
        if full.count <= AgentSocket.limit, let text = String(validating: full, as: UTF8.self) {
            path = text
            directory = nil
            return
        }
        let opened = open(cString(home), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard opened >= 0 else { throw SmallFile.Unreadable(code: errno) }
        path = "/proc/self/fd/\(opened)/\(AgentSocket.name)"
        directory = opened
    }

    deinit {
        if let directory { close(directory) }
    }
}
