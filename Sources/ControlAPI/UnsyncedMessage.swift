/// `GET /v1/unsynced?client=NAME`: an array of these, by client and path.
package struct UnsyncedMessage: Codable, Hashable, Sendable {
    /// Where it waits, or for whom.
    package var client: String
    /// Escaped, relative to the share.
    package var path: String
    /// Base64 of the path's bytes, when they are not plain UTF-8.
    package var pathB64: String?
    /// From this client, or to it.
    package var direction: Direction
    /// To move at most.
    package var bytes: Int64
    /// For a person; no decision depends on its words.
    package var reason: String
    private enum CodingKeys: String, CodingKey { case client, path, pathB64 = "path_b64", direction, bytes, reason }
    package init(
        client: String, path: String, pathB64: String?, direction: Direction, bytes: Int64, reason: String
    ) {
        self.client = client
        self.path = path
        self.pathB64 = pathB64
        self.direction = direction
        self.bytes = bytes
        self.reason = reason
    }
}
