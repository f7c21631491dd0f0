/// Why nothing that was agreed with the hub holds any more, so that everything is compared. Kept from the moment that is
/// noticed until both sides are one again.
package enum MergeCause: String, CaseIterable, Sendable {
    /// The hub knows another index of this client, and this one knows nothing.
    case indexLost = "index-lost"
    case indexDamaged = "index-damaged"
    /// The hub has seen later changes of it.
    case indexSetBack = "index-set-back"
    /// What this index has seen of the journal's history is not there.
    case journalSetBack = "journal-set-back"
    /// The journal has another epoch.
    case journalMade = "journal-made"
    /// Of a client that maps a part of the share.
    case partMade = "part-made"
    /// The feed does not reach back to where this client was.
    case away
    /// Of ``FolderIndex/carry(_:)``.
    case extras

    /// For a person, about the client.
    package var sentence: String {
        switch self {
        case .indexLost: "merging as new: its index was lost"
        case .indexDamaged: "merging as new: its index was damaged"
        case .indexSetBack: "merging as new: its index is from a backup"
        case .journalSetBack: "merging as new: the hub was restored from an older backup"
        case .journalMade: "merging as new: the hub's journal was made anew"
        case .partMade: "merging as new: another directory stands at the part of the share that it maps"
        case .away: "taking a snapshot: it was away for longer than the hub keeps records of deletions"
        case .extras: "merging as new: it carries other attributes than before"
        }
    }
}

extension FolderIndex {
    /// Why everything is being compared with the hub; nil when that is over.
    package var mergeCause: MergeCause? { get throws { try value("merging").flatMap { MergeCause(rawValue: $0) } } }

    /// Whether everything that the hub had when the merge began was heard of.
    package var hasHeard: Bool { get throws { try received >= hearsFirst && snapshotAfter == nil } }

    /// - Parameter cause: nil when both sides are one again.
    package func setMergeCause(_ cause: MergeCause?) throws { try set("merging", cause?.rawValue) }
}
