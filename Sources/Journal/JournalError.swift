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
        case .cursorFromTheFuture(let cursor, let head):
            "the cursor \(cursor.rawValue) is beyond the journal's \(head.rawValue): was the journal set back? "
                + "Run `synchub check`"
        case .noSuchBatch(let id): "nothing is held under \(id); `syncctl held` lists what is"
        case .damaged(let what):
            "the journal is damaged: \(what). Run `synchub check`; restore a backup, or run `synchub rebuild`"
        }
    }
}
