internal import Journal
import SyncCore

/// What is known of who may come in while the hub runs, beside what the journal says.
struct Gate {
    /// Invites that are not used up, as they were read last. Whoever has joined by one and has not said hello yet is a client
    /// with the same name.
    var invites: [InviteRecord] = []
    /// Changes of key and token that are not finished, by client, as they were read last.
    var rotations: [String: RotationRecord] = [:]
    /// SHA-256 of the tokens of clients, as they were read last; of one that changes its token both.
    var tokens: [(client: String, hash: [UInt8])] = []
    /// Who was shut out, and when (Unix seconds), as long as the journal could not be told.
    var leaving: [String: Int64] = [:]
    /// The keys that may come in, as the key keeper was told last.
    var listed: Set<PublicKey> = []
    /// Why the list of keys could not be written; nil when it was.
    var keysTrouble: (any Error)?
    /// Whether who may come in could not be read from the journal when it was wanted last: what was known before serves until then.
    var isBehindJournal = false
    /// Whether ``ClientsFile`` says something else than it should.
    var isClientsFileBehind = false
    /// When what could not be written is tried again, by the clock that never goes back; nil when there is nothing.
    var retryAt: Nanoseconds?
    /// When the invites that are over could not be ended, by the same clock.
    var invitesLeftAt: Nanoseconds?
    /// Counts those that names were given to.
    var lastHolder = 0

    /// What cannot be written is tried again after so long.
    static let pause: Nanoseconds = .seconds(5)
}
