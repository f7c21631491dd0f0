internal import CLinux
package import SyncCore

/// Something that happened in a watched directory. It says where to look, not what is there: look.
package struct WatchEvent: Hashable, Sendable {
    /// That of the directory: see ``Watcher/watch(_:in:token:)``.
    package let token: Int64
    /// The entry it is about; nil: the directory itself.
    package let name: Name?
    /// What happened, one or more kinds.
    package let what: Kinds
    /// The same for both halves of a rename, 0 for all else. The halves may come in two batches, or only one may come at all.
    package let cookie: UInt32

    package init(token: Int64, name: Name?, what: Kinds, cookie: UInt32 = 0) {
        self.token = token
        self.name = name
        self.what = what
        self.cookie = cookie
    }

    /// What happened.
    package struct Kinds: OptionSet, Hashable, Sendable {
        package let rawValue: UInt16
        package init(rawValue: UInt16) { self.rawValue = rawValue }

        /// An entry was made, or linked here.
        package static let created = Kinds(rawValue: 1 << 0)
        /// An entry was removed.
        package static let deleted = Kinds(rawValue: 1 << 1)
        /// An entry was renamed: this was its name.
        package static let movedFrom = Kinds(rawValue: 1 << 2)
        /// An entry was renamed: this is its name now.
        package static let movedTo = Kinds(rawValue: 1 << 3)
        /// Bytes were written, or it was cut. A writer through a mapping causes none.
        package static let modified = Kinds(rawValue: 1 << 4)
        /// Somebody who had it open for writing closed it. That does not make it complete.
        package static let closed = Kinds(rawValue: 1 << 5)
        /// Mode, times, owner or links.
        package static let attributes = Kinds(rawValue: 1 << 6)
        /// The directory was deleted or unmounted; its token is free, and no event comes for it any more.
        package static let gone = Kinds(rawValue: 1 << 7)
        /// The directory itself was renamed; the watch goes along.
        package static let renamed = Kinds(rawValue: 1 << 8)
        /// The entry is a directory.
        package static let isDirectory = Kinds(rawValue: 1 << 9)
    }
}

/// What was there to read at one time, in the order in which it happened.
package struct WatchBatch: Hashable, Sendable {
    /// In the order in which they happened; equal neighbours are one.
    package internal(set) var events: [WatchEvent] = []
    /// The kernel dropped events, of whichever directories: look at all of them again.
    package internal(set) var overflowed = false

    package init(events: [WatchEvent] = [], overflowed: Bool = false) {
        self.events = events
        self.overflowed = overflowed
    }
}

extension WatchEvent.Kinds {
    init(mask: UInt32) {
        self = []
        for (bit, kind) in WatchEvent.Kinds.bits where mask & UInt32(bit) != 0 { insert(kind) }
    }

    private static let bits: [(UInt32, WatchEvent.Kinds)] = [
        (UInt32(IN_CREATE), .created), (UInt32(IN_DELETE), .deleted), (UInt32(IN_MOVED_FROM), .movedFrom),
        (UInt32(IN_MOVED_TO), .movedTo), (UInt32(IN_MODIFY), .modified), (UInt32(IN_CLOSE_WRITE), .closed),
        (UInt32(IN_ATTRIB), .attributes), (UInt32(IN_IGNORED), .gone), (UInt32(IN_MOVE_SELF), .renamed),
        (UInt32(IN_ISDIR), .isDirectory),
    ]
}
