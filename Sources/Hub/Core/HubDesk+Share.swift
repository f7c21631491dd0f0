internal import ControlAPI
internal import Journal
import SyncCore

// The share goes away, and comes back.
extension HubDesk {
    /// - Parameter client: who asks; nil for who may be told everything.
    /// - Throws: why nothing is taken in while the share is away.
    func checkShare(for client: String?) throws {
        guard !fence.check(), let reason = fence.reason else { return }
        guard let record = client.flatMap({ clients[$0]?.record }), record.subtree != nil, record.role != .admin else {
            throw ErrorMessage(.shareAway, reason)
        }
        throw ErrorMessage(.shareAway, Sight.standsStill)
    }

    func shareChanged(_ change: ShareFence.Change) {
        switch change {
        case .away(let reason):
            hubLog.error("share_away", ["reason": reason])
            placer.isShareAway = true
            share?.forgetAll()
        case .doubted: share?.doubtDeletions()
        case .back:
            hubLog.info("share_back", ["then": "everything in it is looked at"])
            placer.isShareAway = false
            endSFTPSessions()
            share?.lookAtAllAgain()
            copyKeeper.look(atAll: true)
            planFlush()
        }
    }

    /// They are confined to the directory that was at the share's path then: whoever wants to go on logs in again.
    private func endSFTPSessions() {
        for client in clients.values where client.record.revokedAt == nil { endSessions(of: client.record) }
    }
}
