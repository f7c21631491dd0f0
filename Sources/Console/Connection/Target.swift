import Glibc

/// Where to ask.
enum Target: Equatable {
    /// The hub on this machine.
    case hub(root: [UInt8])
    /// The agent on this machine, which asks its hub.
    case agent(home: [UInt8])
    /// No hub's directory was found where one would be, so that is left to the agent.
    case agentByDefault(home: [UInt8], insteadOf: [UInt8])

    /// As named, or by the defaults: a hub whose token may be read here, else the user's agent.
    static func resolve(root: [UInt8]?, home: [UInt8]?, _ surroundings: Surroundings) -> Target {
        if let root { return .hub(root: root) }
        if let home { return .agent(home: home) }
        let hub = surroundings.environment["SYNCHUB_ROOT"] ?? Array("/srv/synchub".utf8)
        if access(cString(joined(hub, "admin.token")), R_OK) == 0 { return .hub(root: hub) }
        return .agentByDefault(home: agentHome(surroundings), insteadOf: hub)
    }

    /// `$XDG_STATE_HOME/synchub`; a relative one does not count (XDG Base Directory Specification).
    private static func agentHome(_ surroundings: Surroundings) -> [UInt8] {
        if let state = surroundings.environment["XDG_STATE_HOME"], state.first == UInt8(ascii: "/") {
            return joined(state, "synchub")
        }
        return joined(surroundings.environment["HOME"] ?? surroundings.userHome, ".local/state/synchub")
    }
}

/// A path below a directory, as bytes.
func joined(_ directory: [UInt8], _ rest: String) -> [UInt8] { joined(directory, Array(rest.utf8)) }

/// A path below a directory, as bytes.
func joined(_ directory: [UInt8], _ rest: [UInt8]) -> [UInt8] {
    directory.last == UInt8(ascii: "/") ? directory + rest : directory + [UInt8(ascii: "/")] + rest
}
