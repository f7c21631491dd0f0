import SyncCore

/// A conflict that nobody has solved: both nodes are live.
package struct ConflictRecord: Hashable, Sendable {
    /// What holds the name.
    package var over: Node
    /// What came second and lives beside it.
    package var copy: Node
    /// Whose the copy is.
    package var client: String
    /// The head when it was noticed.
    package var seq: Sequence
    /// Unix seconds.
    package var at: Int64
}

/// A page of the changes feed.
package struct ChangesPage: Hashable, Sendable {
    /// Each node once, with its latest state, by `seq`; tombstones too.
    package var nodes: [Node]
    /// All changes up to here are in `nodes` or before the page: the last `seq` of a full page, else the head.
    package var through: Sequence
    /// The journal's `seq`.
    package var head: Sequence
}

/// Where the bytes of a digest can be had.
package struct Whereabouts: Hashable, Sendable {
    /// Live files with these bytes.
    package var paths: [RelativePath]
    /// Whether `versions/` holds them too.
    package var isInVersions: Bool

    /// See the properties.
    package init(paths: [RelativePath], isInVersions: Bool) {
        self.paths = paths
        self.isInVersions = isInVersions
    }
}

/// A content that lies in `versions/`.
package struct StoredVersion: Hashable, Sendable {
    /// Its name there.
    package var digest: Digest
    /// In bytes.
    package var size: Int64
    /// The head when it was displaced last; of what never was, when it was put there.
    package var storedAt: Sequence

    /// See the properties.
    package init(digest: Digest, size: Int64, storedAt: Sequence) {
        self.digest = digest
        self.size = size
        self.storedAt = storedAt
    }
}

/// The share in numbers.
package struct Statistics: Hashable, Sendable {
    /// Live files, without directories and symlinks.
    package var files: Int64
    /// The sum of their sizes.
    package var bytes: Int64

    /// See the properties.
    package init(files: Int64, bytes: Int64) {
        self.files = files
        self.bytes = bytes
    }
}
