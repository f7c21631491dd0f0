/// `POST /v1/history`: answered with an array of ``HistoryMessage``, oldest first.
package struct HistoryRequest: Codable, Hashable, Sendable {
    /// Escaped, relative to the share.
    package var path: String
    /// Entries at most, the newest: 1 to ``most``, which nil means too.
    package var limit: Int?
    package init(path: String, limit: Int? = nil) {
        self.path = path
        self.limit = limit
    }

    /// Entries in an answer at most.
    package static let most = 1_000
}

/// A content that a path had, or that it was taken away.
package struct HistoryMessage: Codable, Hashable, Sendable {
    /// Where the bytes of a content are.
    package enum State: String, Codable, Hashable, Sendable, CaseIterable {
        /// It is what lies at the path.
        case current
        /// They are kept in `versions/`, or lie elsewhere in the share; of what has no bytes, it is known as it was.
        case kept
        /// Nowhere at the hub any more.
        case gone
        /// This is the deletion of what the entry says.
        case deleted
    }
    /// Of the node's content: grows by one with each change of it. A node that takes the name of a deleted one begins anew.
    package var version: Int64
    /// The change that made it, or took it away.
    package var seq: Int64
    /// In hexadecimal; nil for all but files.
    package var sha256: String?
    /// Bytes; 0 for all but files.
    package var size: Int64
    /// RFC 3339 UTC; nil for directories.
    package var mtime: String?
    /// Whose change it was; `share` for what was found in the share and may have been several devices'.
    package var client: String
    /// When the hub took the change in, RFC 3339 UTC.
    package var at: String
    /// Whether its bytes can still be had.
    package var state: State
    /// `create`, `edit`, `delete`, `revive`.
    package var change: String
    /// `file`, `directory` or `symlink`.
    package var kind: String
    /// Where it was at that time, readable, relative to the share.
    package var path: String
    /// Base64 of the path's bytes, when they are not plain UTF-8.
    package var pathB64: String?
    private enum CodingKeys: String, CodingKey {
        case version, seq, sha256, size, mtime, client, at, state, change, kind, path, pathB64 = "path_b64"
    }
    package init(
        version: Int64, seq: Int64, sha256: String?, size: Int64, mtime: String?, client: String, at: String,
        state: State, change: String, kind: String, path: String, pathB64: String?
    ) {
        self.version = version
        self.seq = seq
        self.sha256 = sha256
        self.size = size
        self.mtime = mtime
        self.client = client
        self.at = at
        self.state = state
        self.change = change
        self.kind = kind
        self.path = path
        self.pathB64 = pathB64
    }
}
