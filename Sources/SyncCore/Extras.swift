/// What a file or directory has beside permission bits: who owns it, by name, and what is attached to it. A part that is
/// nil is not said: whoever takes the value in leaves what it has.
package struct Extras: Hashable, Sendable {
    /// One extended attribute. POSIX ACLs have the names that Linux gives them, and as their value the text of acl(5),
    /// with names instead of numbers.
    package struct Attribute: Hashable, Sendable {
        /// As Linux calls it, such as `user.origin`.
        package var name: [UInt8]
        /// At most 64 KiB.
        package var value: [UInt8]

        package init(name: [UInt8], value: [UInt8]) {
            self.name = name
            self.value = value
        }
    }
    /// The owner's name, as bytes.
    package var owner: [UInt8]?
    /// The group's name, as bytes.
    package var group: [UInt8]?
    /// All that is attached, sorted by name, no name twice; empty: nothing is.
    package var attributes: [Attribute]?

    package init(owner: [UInt8]? = nil, group: [UInt8]? = nil, attributes: [Attribute]? = nil) {
        self.owner = owner
        self.group = group
        self.attributes = attributes?.sorted { $0.name.lexicographicallyPrecedes($1.name) }
    }

    /// Bytes of names and values together; more than this is not carried.
    package static let largest = 8_192

    /// Bytes of names and values together.
    package var size: Int {
        (owner?.count ?? 0) + (group?.count ?? 0)
            + (attributes ?? []).reduce(0) { $0 + $1.name.count + $1.value.count }
    }

    /// Nil if nothing is said at all.
    var orNothing: Extras? { owner == nil && group == nil && attributes == nil ? nil : self }
}

/// Which parts a client carries: its configuration, and what its machine and file system can.
package struct CarriedExtras: Hashable, Sendable {
    /// Owner and group.
    package var owners: Bool
    /// Extended attributes and ACLs.
    package var attributes: Bool

    package init(owners: Bool, attributes: Bool) {
        self.owners = owners
        self.attributes = attributes
    }

    /// The default: permission bits travel, and nothing else.
    package static let nothing = CarriedExtras(owners: false, attributes: false)
}

extension Mode {
    /// With what it does not say taken from another.
    package func filled(from other: Mode) -> Mode {
        guard let theirs = other.extras else { return self }
        let mine = extras ?? Extras()
        let both = Extras(
            owner: mine.owner ?? theirs.owner, group: mine.group ?? theirs.group,
            attributes: mine.attributes ?? theirs.attributes)
        return Mode(rawValue, extras: both)
    }

    /// Without what a client does not carry.
    package func keeping(_ carried: CarriedExtras) -> Mode {
        guard let extras else { return self }
        let kept = Extras(
            owner: carried.owners ? extras.owner : nil, group: carried.owners ? extras.group : nil,
            attributes: carried.attributes ? extras.attributes : nil)
        return Mode(rawValue, extras: kept)
    }

    /// The permission bits alone.
    package var bare: Mode { Mode(rawValue) }

    /// Three ways to have it: whoever changed a part has it; if both did, the first.
    static func merge(base: Mode, theirs: Mode, mine: Mode) -> Mode {
        func first<Value: Equatable>(_ part: (Mode) -> Value) -> Value {
            part(theirs) != part(base) ? part(theirs) : part(mine)
        }
        let extras = Extras(
            owner: first { $0.extras?.owner }, group: first { $0.extras?.group },
            attributes: first { $0.extras?.attributes })
        return Mode(first { $0.rawValue }, extras: extras)
    }
}

extension Content {
    /// Nil for a symlink, which has none of its own.
    package var mode: Mode? {
        switch self {
        case .file(let file): file.mode
        case .directory(let mode): mode
        case .symlink: nil
        }
    }

    /// The same with its mode changed.
    package func changingMode(_ change: (Mode) -> Mode) -> Content {
        switch self {
        case .file(var file):
            file.mode = change(file.mode)
            return .file(file)
        case .directory(let mode): return .directory(change(mode))
        case .symlink: return self
        }
    }

    /// With what it does not say taken from another.
    package func filled(from other: Content?) -> Content {
        guard let other = other?.mode else { return self }
        return changingMode { $0.filled(from: other) }
    }

    /// With the permission bits alone.
    package var bare: Content { mode?.extras == nil ? self : changingMode(\.bare) }
}
