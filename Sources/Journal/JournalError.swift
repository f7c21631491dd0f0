import SyncCore

/// What the journal does not do.
package enum JournalError: Error, Hashable, Sendable, CustomStringConvertible {
    /// An operation whose outcome the client said it has taken in, and which is therefore forgotten.
    case acknowledgedBefore(OperationID)
    /// An operation with the id of another one that was decided before.
    case otherOperation(OperationID)
    /// One commit holds operations of several index generations.
    case mixedGenerations
    /// A live client has this name.
    case clientExists(String)
    case noSuchClient(String)
    /// A key that a live client or an open invite has: one key belongs to one name.
    case keyInUse(by: String)
    /// What a client sent that had this name waits for a person.
    case stillHeld(String, batch: Int64)
    /// A cursor beyond the head: the journal was set back.
    case cursorFromTheFuture(Sequence, head: Sequence)
    /// Nothing is held under this number (any more).
    case noSuchBatch(Int64)
    /// What is stored cannot be read.
    case damaged(String)

    package var description: String {
        switch self {
        case .acknowledgedBefore(let id):
            "operation \(id) was acknowledged and is forgotten; a repeated request must not go back behind that"
        case .otherOperation(let id):
            "operation \(id) was decided before, as another one: the client's index was set back, and has to take a new "
                + "generation"
        case .mixedGenerations: "a commit holds the operations of one index generation; send two requests"
        case .clientExists(let name):
            "there is a client '\(name)' already. If that machine has left, or lost its home, and is to come back: syncctl "
                + "revoke \(name), then syncctl invite \(name). For another machine take another name"
        case .noSuchClient(let name): "there is no client '\(name)'; `syncctl clients` lists them"
        case .keyInUse(let name):
            "this key belongs to '\(name)' already, and one key opens one device's things. Make another (ssh-keygen -t ed25519), or, if "
                + "'\(name)' is the same device and is to have another name: syncctl revoke \(name) first"
        case .stillHeld(let name, let batch):
            "what '\(name)' sent before it was revoked waits for a decision (\(batch)), and would be the new one's: first syncctl "
                + "approve \(batch), or syncctl reject \(batch), or take another name"
        case .cursorFromTheFuture(let cursor, let head):
            "the cursor \(cursor.rawValue) is beyond the journal's \(head.rawValue): was the journal set back? "
                + "Run `synchub check`"
        case .noSuchBatch(let id): "nothing is held under \(id); `syncctl held` lists what is"
        case .damaged(let what):
            "the journal is damaged: \(what). Run `synchub check`; restore a backup, or run `synchub rebuild`"
        }
    }
}
