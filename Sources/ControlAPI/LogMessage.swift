/// `GET /v1/log?after=SEQ&limit=N&wait=S`: an array of these, oldest first. Without `after`: the newest `limit`.
package struct LogMessage: Codable, Hashable, Sendable {
    /// Grows by one with each change.
    package var seq: Int64
    /// RFC 3339 UTC.
    package var at: String
    /// Whose change it was; `share` for what was found in the share.
    package var client: String
    /// `create`, `edit`, `move`, `delete`, `revive`.
    package var change: String
    /// Where the node was at that time, readable, relative to the share.
    package var path: String
    /// Base64 of the path's bytes, when they are not plain UTF-8.
    package var pathB64: String?
    /// Where it was before a move.
    package var from: String?
    /// `file`, `directory` or `symlink`.
    package var kind: String
    /// Of the content that the change left, or took away; 0 for all but files.
    package var bytes: Int64
    private enum CodingKeys: String, CodingKey {
        case seq, at, client, change, path, pathB64 = "path_b64", from, kind, bytes
    }
    package init(
        seq: Int64, at: String, client: String, change: String, path: String, pathB64: String?, from: String?,
        kind: String, bytes: Int64
    ) {
        self.seq = seq
        self.at = at
        self.client = client
        self.change = change
        self.path = path
        self.pathB64 = pathB64
        self.from = from
        self.kind = kind
        self.bytes = bytes
    }
}
