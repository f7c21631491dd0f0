/// The identity of a local entry in an agent's index: what is on the disk, whether the hub knows it or not.
package struct EntryID: RawRepresentable, Hashable, Comparable, Sendable, Codable {
    package let rawValue: Int64
    package init(rawValue: Int64) { self.rawValue = rawValue }
    package init(_ rawValue: Int64) { self.rawValue = rawValue }

    /// The folder itself.
    package static let root = EntryID(1)

    package static func < (a: EntryID, b: EntryID) -> Bool { a.rawValue < b.rawValue }
}

/// The directory that holds a local entry.
package struct LocalParent: Hashable, Sendable {
    /// Itself: a directory.
    package var entry: EntryID
    /// Nil while the hub does not know the directory.
    package var node: NodeID?
    /// The node that it was before the hub forgot it.
    package var former: NodeID?

    package init(entry: EntryID, node: NodeID?, former: NodeID? = nil) {
        self.entry = entry
        self.node = node
        self.former = former
    }

    /// Whether what was agreed to be in `other` is still there if it lies here.
    package func continues(_ other: NodeID) -> Bool { node == other || former == other }
}

/// What the disk holds, as the index last saw it.
package struct LocalState: Hashable, Sendable {
    /// Of the index; never used again.
    package var entry: EntryID
    /// The directory that it lies in.
    package var parent: LocalParent
    /// Its name there.
    package var name: Name
    /// Never changes: another kind under the name is another entry.
    package var kind: NodeKind
    /// Nil for a file whose bytes have not been hashed since they may have changed.
    package var content: Content?
    /// False while the file is still being written, or waits to become quiet: nothing is decided about it yet.
    package var isSettled: Bool
    /// A directory that holds ignored things and nothing else: it is not sent by itself.
    package var isHollow: Bool

    package init(
        entry: EntryID, parent: LocalParent, name: Name, kind: NodeKind, content: Content?, isSettled: Bool = true,
        isHollow: Bool = false
    ) {
        self.entry = entry
        self.parent = parent
        self.name = name
        self.kind = kind
        self.content = content
        self.isSettled = isSettled
        self.isHollow = isHollow
    }
}

/// The last state of a node in which hub and disk agreed; the versions are the bases of what the client sends.
package struct SyncedState: Hashable, Sendable {
    /// Where both had it.
    package var location: Location
    /// What both had.
    package var content: Content
    /// The base of an edit or deletion.
    package var contentVersion: Version
    /// The base of a move or deletion.
    package var locationVersion: Version

    package init(
        location: Location, content: Content, contentVersion: Version, locationVersion: Version
    ) {
        self.location = location
        self.content = content
        self.contentVersion = contentVersion
        self.locationVersion = locationVersion
    }

    package init(_ node: Node) {
        self.init(
            location: node.location, content: node.content, contentVersion: node.contentVersion,
            locationVersion: node.locationVersion)
    }
}

/// One node in the three trees (DESIGN §3).
package struct Subject: Hashable, Sendable {
    /// Nil for what the hub does not know yet.
    package var node: NodeID?
    /// What the disk holds; nil if nothing.
    package var local: LocalState?
    /// What was agreed; nil if nothing ever was.
    package var synced: SyncedState?
    /// What the hub said last; nil if it has not said anything. A tombstone is a deleted node.
    package var remote: Node?
    /// Of the folder.
    package var mode: SyncMode
    /// The side that is not the source is being made equal to it, whatever it has. Nothing in two-way mode.
    package var overwrites: Bool
    /// A rule ignores it, where it lies or is to lie.
    package var isIgnored = false
    /// What waits, since rules that may ignore it cannot be read.
    package var unruled = Unruled()

    package init(
        node: NodeID?, local: LocalState?, synced: SyncedState?, remote: Node?, mode: SyncMode = .twoWay,
        overwrites: Bool = false
    ) {
        self.node = node
        self.local = local
        self.synced = synced
        self.remote = remote
        self.mode = mode
        self.overwrites = overwrites
    }
}

/// Which ways are closed to a subject while rules that may ignore it cannot be read.
package struct Unruled: Hashable, Sendable {
    /// What changed here is not told.
    package var sending = false
    /// What the hub has does not come.
    package var receiving = false

    package init(sending: Bool = false, receiving: Bool = false) {
        self.sending = sending
        self.receiving = receiving
    }
}
