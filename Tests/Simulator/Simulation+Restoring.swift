import Index
import Journal
import SyncCore

/// Indexes and journals that are lost, and restored from backups.
extension Simulation {
    /// - Returns: false if the step is none of these.
    func performRestoring(_ act: Step.Act, _ agent: SimulatedAgent) throws -> Bool {
        switch act {
        case .backUpIndex: try agent.backUp()
        case .restoreIndex: if agent.hasBackup { try restoreIndex(agent) }
        case .loseIndex: try restoreIndex(agent, isLost: true)
        case .backUpJournal: try hub.backUp(withShare: false)
        case .backUpHub: try hub.backUp(withShare: true)
        case .restoreJournal, .restoreHub: try restoreHub()
        default: return false
        }
        return true
    }

    /// What it merges as if new may bring back what others had deleted and it had not heard of.
    private func restoreIndex(_ agent: SimulatedAgent, isLost: Bool = false) throws {
        traces.forgives = true
        try agent.restoreIndex(isLost: isLost)
    }

    private func restoreHub() throws {
        guard let backup = hub.backup else { return }
        traces.forgives = true
        // A file that the old journal meant to place comes back from `versions/`, if it was not yet placed then.
        if backup.disk != nil || !backup.isSettled { buried = [] }
        if backup.disk != nil {
            // What was at the hub alone went with its disk.
            phone.losesWork = true
            phone.breakOff()
            let kept = agents.reduce(into: Set<String>()) { tags, agent in
                for thing in agent.tree.things() {
                    guard let file = thing.content.file, let bytes = contents.bytes(of: file.digest) else { continue }
                    tags.formUnion(Traces.tags(in: bytes))
                }
            }
            traces.forget(except: kept)
        }
        try hub.restore(backup)
        for agent in agents { hub.forgives.insert(agent.name) }
    }
}
