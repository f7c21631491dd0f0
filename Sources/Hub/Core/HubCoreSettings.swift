internal import Processes
import SyncCore

/// The limits of the hub's core. The defaults suit a Raspberry Pi with some tens of clients.
package struct HubCoreSettings: Sendable {
    /// Whether what is current in the share is kept beside it.
    package var protect = ProtectSetting.off
    /// What was not kept at once is looked for after so long, in milliseconds.
    package var protectPause = 2_000
    /// In one commit at most.
    package var maxOperations = 2000
    /// Of a request's body, in bytes.
    package var bodyLimit = 8 << 20
    /// Nodes in one page of changes at most.
    package var pageLimit = 2000
    /// A long poll is held open for so long at most, in seconds.
    package var longestPoll = 60
    /// A client without a long poll counts as there for so long after its last request, in seconds.
    package var offlineAfter = 10
    /// Staged files that nobody has touched for so long are collected, at start and once an hour, in seconds in which hubs run.
    package var stagingLife = 86_400
    /// What a client may have staged.
    var stagingQuota = StagingQuota(files: 10_000, bytes: 0)
    /// A client that was not seen for so many days in which hubs run does not keep tombstones any more.
    package var staleDays = 90
    /// Seconds that an invite is good for if nobody says otherwise.
    package var inviteLife = 3600
    /// Commits whose bytes are verified at the same time.
    package var verifiers = 2
    /// A staged file that is exactly one content is taken over as it is from this size on, in bytes; below, copying costs less.
    package var adoptedFrom: Int64 = 1 << 20
    /// Packs for downloads lie in memory, where the machine has it, up to so many bytes; 0: on the disk.
    package var packMemory: Int64 = 0
    /// What clients are told to let travel as one, in bytes at most.
    package var packSize: Int64 = 16 << 20
    /// Contents of a client that lie ready for its commits; what is beyond that goes back to its staging directory, the oldest first.
    package var mostReady = 64
    /// Contents that are made ready at the same time.
    package var preparers = 2
    /// From so many bytes on that the machine has still to write to its disks, a commit waits for its own only; 0: always.
    package var busyFrom: Int64 = DirtyMemory.busy
    /// A file in the share counts once nothing has happened to it for so long, in milliseconds.
    package var shareSettle = 500
    /// An upload that broke off is taken in as it is when hubs have run for so many hours since; 0: at once.
    package var brokenHours = 24
    /// What could not be taken in from the share (a program is writing it) is tried again after so long, in milliseconds.
    package var shareRetry = 5_000
    /// Directories of the share that the kernel would watch no more of are looked at so often, in milliseconds.
    package var shareRound = 10_000
    /// Batches of files of the share that are hashed at the same time; large files leave one to the others.
    package var shareHashers = 3

    /// When deletions and rewrites of a client wait for a person.
    var guardRule = MassChangeGuard()

    package init() {}
}
