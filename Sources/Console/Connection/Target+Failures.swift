import Glibc

extension Target {
    /// Nobody answers: what was tried, and what to do.
    func notAnswering(at address: String, _ reason: String) -> Failure {
        switch self {
        case .hub(let directory):
            let root = shown(directory)
            return .notReachable(
                "the hub of \(root) does not answer at \(address) (\(reason)); is it running? Start it with "
                    + "`synchub run --root \(root)`, or let `synchub check --root \(root)` say what is wrong")
        case .agent(let home):
            return .notReachable(noAgent(home, address, reason))
        case .agentByDefault(let home, let hub):
            return .notReachable(
                noAgent(home, address, reason) + ". There is no hub in \(shown(hub)) that this user may ask, either. "
                    + "Name a hub with --root DIR or an agent with --home DIR")
        }
    }

    private func noAgent(_ home: [UInt8], _ address: String, _ reason: String) -> String {
        "no agent answers at \(address) (\(reason)); is it running? Start it with `syncagent run --home \(shown(home))`"
    }

    /// A file that the hub writes cannot be read.
    func unreadable(_ path: String, _ code: Int32) -> Failure {
        guard case .hub(let directory) = self else { return .failed("\(path) cannot be read (\(errorText(code)))") }
        let root = shown(directory)
        if code == EACCES || code == EPERM {
            return .notReachable("\(path) belongs to another user; ask as that user, or with sudo")
        }
        return .notReachable(
            "there is no running hub in \(root): \(path) cannot be read (\(errorText(code))). Start it with "
                + "`synchub run --root \(root)`, or make one with `synchub init --root \(root)`")
    }
}
