internal import Journal
import SyncCore

// What throws away bytes or knowledge after a while goes by the time for which hubs have run (see RunningTime), not by the
// calendar.
extension HubDesk {
    /// Now, by ``Journal/runningTime``.
    var moment: Int64 { running.moment(at: clock.uptime()) }

    /// When a client was heard last, or else began.
    func seenMoment(_ client: LiveClient) -> Int64 {
        max(client.lastHeardUptime.map { running.moment(at: $0) } ?? 0, client.record.seenMoment)
    }

    /// Writes down how long hubs have run, now and then: a crash sets that back by a minute of a hub that has work, and by an
    /// hour of one that has none.
    func noteRunning(always: Bool = false) throws {
        let moment = moment
        guard always || isStopped || moment - notedMoment >= HubDesk.notesEvery else { return }
        try journal.noteRunning(moment)
        notedMoment = moment
    }

    /// Seconds. A write for each request would wear out an SD card.
    private static let notesEvery: Int64 = 60

    /// Removes uploads that nobody has gone on with.
    func collectStaging(except busy: Set<String>) {
        for old in ready.takeOld(at: moment, after: Int64(settings.stagingLife), except: busy) {
            try? old.item.remove()
        }
        do {
            try store.collectStaging(
                noting: journal, at: moment, after: Int64(settings.stagingLife), except: busy)
        } catch { hubLog.error("staging_not_collected", ["reason": "\(error)"]) }
    }
}
