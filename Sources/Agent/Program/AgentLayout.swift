import Glibc

/// Where an agent keeps what it needs.
struct AgentLayout: Hashable, Sendable {
    /// Absolute.
    let home: String
    /// `agent.json5`: in the home, or with the default home in the user's configuration directory.
    let configuration: String

    /// - Parameter home: as the user gave it; nil for the default.
    init(home: String?) {
        if let home {
            self.home = AgentLayout.absolute(home)
            configuration = self.home + "/agent.json5"
        } else {
            self.home = AgentLayout.base("XDG_STATE_HOME", ".local/state") + "/synchub"
            configuration = AgentLayout.base("XDG_CONFIG_HOME", ".config") + "/synchub/agent.json5"
        }
    }

    var key: String { home + "/id_ed25519" }
    var publicKey: String { key + ".pub" }
    var token: String { home + "/token" }
    var index: String { home + "/index.db" }
    var socket: String { home + "/agent.sock" }
    /// An empty directory that stands for the folder while that is not there.
    var absent: String { home + "/absent" }
    /// Where the hub was reached last.
    var lastHost: String { home + "/last-host" }
    /// See ``BegunJoin``.
    var begunJoin: String { home + "/joining" }
    /// See ``BegunRotation``.
    var begunRotation: String { home + "/rotating" }
    /// What opens the hub for this machine, whoever has it.
    var secrets: [String] { [key, publicKey, token, begunRotation, begunJoin] }
    var rotationLock: String { home + "/rotate.lock" }
    var lock: String { home + "/run.lock" }

    static func absolute(_ path: String) -> String {
        if path.hasPrefix("/") { return path }
        guard let directory = getcwd(nil, 0) else { return path }
        defer { free(directory) }
        return String(cString: directory) + "/" + path
    }

    private static func base(_ variable: String, _ fallback: String) -> String {
        if let value = environment(variable), value.hasPrefix("/") { return value }
        return (environment("HOME") ?? "/root") + "/" + fallback
    }

    /// A variable of the environment.
    static func environment(_ name: String) -> String? {
        // SAFETY: a string of the environment, copied at once.
        getenv(name).map { String(cString: $0) }
    }
}
