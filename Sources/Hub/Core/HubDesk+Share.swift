internal import ControlAPI
internal import Journal
import SyncCore

// The share goes away, and comes back.
extension HubDesk {
    /// - Throws: why nothing is taken in while the share is away.
    func checkShare() throws {
        if !fence.check(), let reason = fence.reason { throw ErrorMessage(.shareAway, reason) }
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
