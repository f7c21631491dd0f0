/// `GET /v1/held`: an array of these, oldest first: what waits for a person.
package struct HeldMessage: Codable, Hashable, Sendable {
    /// For `approve` and `reject`.
    package var id: Int64
    /// Whose changes they are; `share` for what was found in the share.
    package var client: String
    /// RFC 3339 UTC.
    package var at: String
    /// How many nodes would go.
    package var deletes: Int
    /// How many would get other bytes.
    package var rewrites: Int
    /// Creations and moves that hang on those.
    package var others: Int
    /// How many went or got other bytes before it could be told that there were so many; a rejection undoes that.
    package var passed: Int
    /// One path of them, readable, relative to the share.
    package var path: String
    /// Base64 of its bytes, when they are not plain UTF-8.
    package var pathB64: String?
    private enum CodingKeys: String, CodingKey {
        case id, client, at, deletes, rewrites, others, passed, path, pathB64 = "path_b64"
    }
    package init(
        id: Int64, client: String, at: String, deletes: Int, rewrites: Int, others: Int, passed: Int = 0, path: String,
        pathB64: String?
    ) {
        self.id = id
        self.client = client
        self.at = at
        self.deletes = deletes
        self.rewrites = rewrites
        self.others = others
        self.passed = passed
        self.path = path
        self.pathB64 = pathB64
    }
}

/// `POST /v1/approve` and `POST /v1/reject`.
package struct HeldRequest: Codable, Hashable, Sendable {
    /// As ``HeldMessage/id``.
    package var id: Int64
    package init(id: Int64) { self.id = id }
}

/// The answer: what was decided about.
package struct HeldResponse: Codable, Hashable, Sendable {
    /// As it was asked.
    package var id: Int64
    /// Whose changes they were.
    package var client: String
    /// How many were held.
    package var operations: Int
    /// Of a rejection: how many deletions and rewrites that had passed before were undone.
    package var restored: Int?
    /// And how many were not.
    package var left: Int?
    /// Some of those, each as a sentence; nil if there are none.
    package var examples: [String]?
    package init(
        id: Int64, client: String, operations: Int, restored: Int? = nil, left: Int? = nil, examples: [String]? = nil
    ) {
        self.id = id
        self.client = client
        self.operations = operations
        self.restored = restored
        self.left = left
        self.examples = examples
    }
}
