import Glibc
internal import SQLite

/// Whether something that the journal threw means that its disk is full, so that room helps.
package func isDiskFull(_ error: any Error) -> Bool { (error as? DatabaseError)?.isFull ?? false }

/// Whether something that the journal threw means that its disk takes no writes (any more).
package func isDiskReadOnly(_ error: any Error) -> Bool {
    guard let error = error as? DatabaseError else { return false }
    return error.isReadOnly || !error.isFull && takesNoFile(beside: error.path)
}

extension Journal {
    /// Whether its disk still takes writes. In the instant in which a file system fails, a sync may succeed though nothing was
    /// written: ext4's journal is given up, and who asks after that has nothing to wait for. So a commit is durable only if
    /// the disk still takes a new file afterwards; that comes to the same journal of the file system, and costs no sync.
    package var takesWrites: Bool { database.path == Database.memoryPath || !takesNoFile(beside: database.path) }
}

/// SQLite does not always keep the reason of a failed write: another write tells.
private func takesNoFile(beside path: String) -> Bool {
    let probe = path + "-probe"
    let file = open(probe, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
    guard file >= 0 else { return errno == EROFS || errno == EIO }
    close(file)
    unlink(probe)
    return false
}
