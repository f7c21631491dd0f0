/// `POST /v1/staged`: what lies in the client's own staging directory of files whose upload was cut. Who goes on with one
/// compares the bytes, block by block, and believes no counter.
package struct StagedRequest: Codable, Hashable, Sendable {
    /// So many files are asked about at once at most.
    package static let limit = 16
    /// Of a file that would have more blocks nothing is said.
    package static let mostBlocks: Int64 = 1 << 17
    /// So much is read for one request at most, in bytes, holes included; of what is beyond nothing is said.
    package static let mostBytes: Int64 = 16 << 30
    /// The smallest block that may be asked for, in bytes.
    package static let smallestBlock: Int64 = 1 << 20

    /// Names in the client's staging directory.
    package var files: [String]
    /// The length of a block, in bytes.
    package var block: Int64
    /// Where to begin in each file, in bytes; nil: at the beginning.
    package var from: Int64?
    /// So many blocks of each are told at most, so that the answer does not take hours; nil: all that follow.
    package var most: Int?

    package init(files: [String], block: Int64, from: Int64? = nil, most: Int? = nil) {
        (self.files, self.block) = (files, block)
        (self.from, self.most) = (from, most)
    }

    private enum CodingKeys: String, CodingKey { case files, block, from, most }
}

/// Those of the files that are there.
package struct StagedResponse: Codable, Hashable, Sendable {
    /// One file.
    package struct File: Codable, Hashable, Sendable {
        /// As in the request.
        package var name: String
        /// In bytes.
        package var size: Int64
        /// The SHA-256 of each block that was asked about, in hex; the last one may be shorter.
        package var blocks: [String]

        package init(name: String, size: Int64, blocks: [String]) {
            (self.name, self.size, self.blocks) = (name, size, blocks)
        }

        private enum CodingKeys: String, CodingKey { case name, size, blocks }
    }
    /// Sorted as in the request.
    package var files: [File]
    package init(files: [File]) { self.files = files }

    private enum CodingKeys: String, CodingKey { case files }

    /// How the names of files begin that are staged ahead of a commit; the SHA-256 of the content follows.
    package static let prefix = "up-"
}
