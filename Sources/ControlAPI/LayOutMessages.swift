/// `POST /v1/layout`: a file whose path is longer than SFTP can say is to be laid out in the client's staging directory.
package struct LayOutRequest: Codable, Hashable, Sendable {
    /// The journal's.
    package var epoch: String
    /// Whose bytes they are.
    package var node: Int64
    /// What they have to be: 64 hexadecimal digits.
    package var sha256: String

    package init(epoch: String, node: Int64, sha256: String) {
        self.epoch = epoch
        self.node = node
        self.sha256 = sha256
    }
}

/// Where it lies. The client removes it when it has it.
package struct LayOutResponse: Codable, Hashable, Sendable {
    /// A name in the client's staging directory.
    package var file: String

    package init(file: String) { self.file = file }
}
