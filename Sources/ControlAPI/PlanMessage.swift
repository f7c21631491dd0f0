/// One line of what `syncagent once --dry-run` says that a pass would do.
package struct PlanMessage: Codable, Hashable, Sendable {
    /// From this machine to the hub, or to it.
    package var direction: Direction
    /// `create`, `edit`, `move`, `delete`, `conflict` (both sides changed it: what this machine has goes up under a name of
    /// its own), `wait` (not now), `skip` (never).
    package var what: String
    /// Where it is, or will be; escaped.
    package var path: String
    /// Base64 of the path's bytes, when they are not plain UTF-8.
    package var pathB64: String?
    /// Of a move: where it is before; escaped.
    package var from: String?
    /// To move at most.
    package var bytes: Int64
    /// For a person, where the word does not say all.
    package var reason: String?
    private enum CodingKeys: String, CodingKey {
        case direction, what, path, pathB64 = "path_b64", from, bytes, reason
    }
    package init(
        direction: Direction, what: String, path: String, pathB64: String?, from: String?, bytes: Int64, reason: String?
    ) {
        self.direction = direction
        self.what = what
        self.path = path
        self.pathB64 = pathB64
        self.from = from
        self.bytes = bytes
        self.reason = reason
    }
}
