import Glibc
internal import SQLite

/// An index can always be made anew, from the folder and the hub. So a damaged one is put aside, not repaired.
extension FolderIndex {
    /// Opens an index after SQLite has looked whether it is sound. One that is not, or that was found to be damaged while it
    /// was used (``markDamaged(path:)``), is kept beside its place, and a new one is made.
    /// - Parameters:
    ///   - path: of the database file; made if it is not there.
    ///   - newGeneration: names this index if it is made now (random, hex).
    /// - Returns: with the path of the damaged one, and why it is there.
    package static func openSound(
        path: String, newGeneration: String
    ) throws -> (index: FolderIndex, damaged: (path: String, reason: String)?) {
        if let reason = try damage(path) {
            let aside = try putAside(path)
            return (try FolderIndex(path: path, newGeneration: newGeneration), (aside, reason))
        }
        return (try FolderIndex(path: path, newGeneration: newGeneration), nil)
    }

    /// What was read from it cannot have been written to it: the next ``openSound(path:newGeneration:)`` makes a new one.
    package static func markDamaged(path: String) {
        let file = open(mark(path), O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        if file >= 0 { close(file) }
    }

    /// Whether an error says that the index is damaged.
    package static func isDamage(_ error: any Error) -> Bool {
        error is IndexError || (error as? DatabaseError)?.isCorrupt == true
    }

    /// Nil for a sound one, and for none.
    private static func damage(_ path: String) throws -> String? {
        guard access(path, F_OK) == 0 else { return nil }
        if access(mark(path), F_OK) == 0 { return "it was found to be damaged while it was used" }
        do {
            return try Database(path: path).quickCheck().first
        } catch let error as DatabaseError {
            if error.isCorrupt { return error.message }
            throw error
        }
    }

    private static func putAside(_ path: String) throws -> String {
        var number = 1
        while access("\(path).damaged-\(number)", F_OK) == 0 { number += 1 }
        let aside = "\(path).damaged-\(number)"
        guard rename(path, aside) == 0 else {
            throw IndexError.damaged("\(path) is damaged, and cannot be moved to \(aside): error \(errno)")
        }
        // Its log belongs to it; the shared memory is made anew by whoever opens it.
        _ = rename(path + "-wal", aside + "-wal")
        unlink(path + "-shm")
        unlink(mark(path))
        return aside
    }

    private static func mark(_ path: String) -> String { path + ".damaged" }
}
