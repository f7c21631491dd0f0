import Index
import Journal

/// What histories lie in, one after the other on one thread: to make and to prepare databases takes longer than a history.
final class Databases {
    private var journals: [Journal] = []
    private var indexes: [FolderIndex] = []

    init() { CommitTrouble.isPossible }

    func journal() throws -> Journal { try journals.popLast().map(Journal.inMemory) ?? .inMemory() }

    func index(newGeneration: String) throws -> FolderIndex {
        guard let old = indexes.popLast() else { return try .memory(newGeneration: newGeneration) }
        return try .memory(insteadOf: old, newGeneration: newGeneration)
    }

    /// Those of a history that is over; none of them is asked any more.
    func take(_ journal: Journal, _ indexes: [FolderIndex]) {
        journals.append(journal)
        self.indexes += indexes
    }
}
