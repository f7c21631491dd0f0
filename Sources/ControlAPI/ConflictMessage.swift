/// `GET /v1/conflicts`: an array of these, oldest first: open conflicts only.
package struct ConflictMessage: Codable, Hashable, Sendable {
    /// What holds the name, readable, relative to the share.
    package var path: String
    /// Base64 of its bytes, when they are not plain UTF-8.
    package var pathB64: String?
    /// Where the one that came second lies, readable.
    package var copy: String
    /// Base64 of its bytes, when they are not plain UTF-8.
    package var copyB64: String?
    /// Whose the copy is.
    package var client: String
    /// When it was noticed: RFC 3339 UTC.
    package var at: String
    private enum CodingKeys: String, CodingKey {
        case path, pathB64 = "path_b64", copy, copyB64 = "copy_b64", client, at
    }
    package init(path: String, pathB64: String?, copy: String, copyB64: String?, client: String, at: String) {
        self.path = path
        self.pathB64 = pathB64
        self.copy = copy
        self.copyB64 = copyB64
        self.client = client
        self.at = at
    }
}
