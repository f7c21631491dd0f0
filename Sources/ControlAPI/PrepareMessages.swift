/// `POST /v1/prepare`: a large content is to be made ready before a commit names it: verified, and durable where the client cannot
/// reach it, so that the commit has only to give it a name. Everything in it may be left out.
package struct PrepareRequest: Codable, Hashable, Sendable {
    /// The journal's; needed with `content`.
    package var epoch: String?
    /// What is to be made ready.
    package var content: ContentKey?
    /// Where its bytes are, as a commit says it. Left out: the question is only whether it is ready, or is being made so.
    package var source: SourceMessage?
    /// How long to wait for it, in seconds; 0: the answer comes at once.
    package var wait: Int?
    /// SHA-256 in hex: whatever else is ready for this client, or is being made so, is not wanted any more.
    package var only: [String]?
    /// A file in the client's staging directory that grows: the disk may begin to write it.
    package var growing: String?
    /// What that file is to be: others may fetch what has come of it.
    package var coming: ComingMessage?

    /// So many contents may be named in ``only``.
    package static let most = 1_000

    package init(
        epoch: String? = nil, content: ContentKey? = nil, source: SourceMessage? = nil, wait: Int? = nil,
        only: [String]? = nil, growing: String? = nil, coming: ComingMessage? = nil
    ) {
        (self.epoch, self.content, self.source, self.wait) = (epoch, content, source, wait)
        (self.only, self.growing, self.coming) = (only, growing, coming)
    }

    private enum CodingKeys: String, CodingKey {
        case epoch = "epoch"
        case content = "content"
        case source = "source"
        case wait = "wait"
        case only = "only"
        case growing = "growing"
        case coming = "coming"
    }
}

/// Whether it is ready. Why it cannot be, a refusal says: ``ErrorCode/contentMissing`` when the bytes are not there or are others,
/// ``ErrorCode/busy`` while a session has the file open for writing.
package struct PrepareResponse: Codable, Hashable, Sendable {
    /// False: it is being made ready, ask again.
    package var isReady: Bool

    package init(isReady: Bool) { self.isReady = isReady }

    private enum CodingKeys: String, CodingKey { case isReady = "ready" }
}
