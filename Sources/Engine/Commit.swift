package import Index
package import SyncCore

/// What one commit is to tell the hub, before its bytes are sent.
package struct Commit: Hashable, Sendable {
    /// One operation, and what has to be at the hub for it.
    package struct Item: Hashable, Sendable {
        /// With an id that no other operation ever has.
        package var operation: Operation
        /// What has to be remembered until its outcome is taken in.
        package var inflight: Inflight
        /// Where the bytes are, for a file.
        package var path: RelativePath?
        /// How the file looked when its bytes were hashed.
        package var stamp: Stamp?
        /// True if the hub is thought to have the bytes already.
        package var isKnown: Bool
        /// True if the hub was thought to have them once, and did not.
        package var mustTravel = false

        /// The bytes that the hub must have; nil for everything but files.
        package var file: FileContent? { operation.change.content?.file }
    }
    /// In the order in which the hub is to decide them.
    package var items: [Item]
    /// What there is to delete and to rewrite, this commit included.
    package var announced = AnnouncedChanges()

    /// In bytes: what has to be sent at most.
    package var size: Int64 { items.reduce(0) { $0 + ($1.isKnown ? 0 : $1.file?.size ?? 0) } }
}
