/// `POST /v1/layout`: contents of the share that are to be laid out, one after the other, in a file of the client's staging
/// directory: many small ones travel as one (a pack), and what lies deeper than SFTP can say travels at all.
package struct LayOutRequest: Codable, Hashable, Sendable {
    /// So many contents are asked for at once at most.
    package static let limit = 4_096
    /// So many bytes they may have together, unless it is one content alone.
    package static let largest: Int64 = 64 << 20

    /// The bytes of one node.
    package struct Item: Codable, Hashable, Sendable {
        /// Whose bytes they are.
        package var node: Int64
        /// What they have to be: 64 hexadecimal digits.
        package var sha256: String
        /// Of a part of them, where it begins, in bytes.
        package var offset: Int64?
        /// And its bytes; both are there or none.
        package var length: Int64?

        package init(node: Int64, sha256: String, range: Range<Int64>? = nil) {
            self.node = node
            self.sha256 = sha256
            offset = range?.lowerBound
            length = range.map { $0.upperBound - $0.lowerBound }
        }
    }
    /// The journal's.
    package var epoch: String
    /// At most ``limit``.
    package var items: [Item]
    /// True if they may lie anywhere at the hub; nil for the client's staging directory and nowhere else.
    package var anywhere: Bool?
    /// True if they may come behind the answer (``MessageWithBytes``) and then lie nowhere.
    package var behind: Bool?

    package init(epoch: String, items: [Item], anywhere: Bool = false, behind: Bool = false) {
        self.epoch = epoch
        self.items = items
        self.anywhere = anywhere ? true : nil
        self.behind = behind ? true : nil
    }
}

/// Where they lie. The name tells it from the client's own uploads. The client removes the file when it has it. The bytes are not verified.
package struct LayOutResponse: Codable, Hashable, Sendable {
    /// How its name begins.
    package static let prefix = "laid-"

    /// A name in ``directory``; empty where the bytes come behind this message.
    package var file: String
    /// An absolute path at the hub; nil for the client's staging directory.
    package var directory: String?
    /// For each item of the request, in its order, where its bytes begin; -1 for what has been changed or moved since. At
    /// least one is there.
    package var offsets: [Int64]

    package init(file: String, offsets: [Int64], directory: String? = nil) {
        self.directory = directory
        self.file = file
        self.offsets = offsets
    }
}
