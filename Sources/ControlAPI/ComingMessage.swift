/// A large content that a client is still sending, ahead of the commit that names it. In a ``PrepareRequest`` from the one that sends
/// it; in a ``ChangesResponse`` to the others, who may fetch the beginning of it meanwhile. Nothing of it is verified, and perhaps
/// nothing comes of it.
package struct ComingMessage: Codable, Hashable, Sendable {
    /// What the bytes are to be, in hex.
    package var sha256: String
    /// Of the whole, in bytes.
    package var size: Int64
    /// All before this place has arrived, in bytes.
    package var through: Int64
    /// A directory that the hub has, at or below which it is to lie, as the client knows its id.
    package var parent: Int64
    /// Where below that, escaped.
    package var path: String
    /// Where it is read over SFTP; nil from the one that sends it, and when it cannot be read (any more).
    package var file: String?

    package init(
        sha256: String, size: Int64, through: Int64, parent: Int64, path: String, file: String? = nil
    ) {
        (self.sha256, self.size, self.through) = (sha256, size, through)
        (self.parent, self.path, self.file) = (parent, path, file)
    }

    private enum CodingKeys: String, CodingKey { case sha256, size, through, parent, path, file }
}
