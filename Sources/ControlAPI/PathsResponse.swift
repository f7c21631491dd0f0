/// `GET /v1/paths`: what lies where, in the order of showing.
package struct PathsResponse: Codable, Hashable, Sendable {
    /// One place.
    package struct Entry: Codable, Hashable, Sendable {
        /// In words, such as `share`.
        package var what: String
        /// Absolute, on the machine that answers.
        package var path: String
        package init(what: String, path: String) {
            self.what = what
            self.path = path
        }
    }
    /// In the order of showing.
    package var paths: [Entry]
    package init(paths: [Entry]) { self.paths = paths }
}
