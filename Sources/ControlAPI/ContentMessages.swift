/// Bytes by their name.
package struct ContentKey: Codable, Hashable, Sendable {
    /// Hex.
    package var sha256: String
    /// Bytes.
    package var size: Int64
    package init(sha256: String, size: Int64) {
        self.sha256 = sha256
        self.size = size
    }
}

/// `POST /v1/offer`: a content that was wanted, and where it lies. Answered with `{}`.
package struct OfferRequest: Codable, Hashable, Sendable {
    /// What it is.
    package var content: ContentKey
    /// A file of this client's staging directory that holds it and nothing else.
    package var staged: String
    package init(content: ContentKey, staged: String) {
        self.content = content
        self.staged = staged
    }
}

/// `POST /v1/holds`: which of these contents does the hub have? Answered in the same form with those whose bytes lie there, as
/// a live file or in `versions/`, and which the client may know of.
package struct HoldsMessage: Codable, Hashable, Sendable {
    /// In a question at most ``HoldsMessage/limit``.
    package var contents: [ContentKey]
    package init(contents: [ContentKey]) { self.contents = contents }

    /// Contents in one question.
    package static let limit = 1_000
}
