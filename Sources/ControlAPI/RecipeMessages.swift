import SyncCore

/// A ``Recipe`` on the wire.
package struct RecipeMessage: Codable, Hashable, Sendable {
    /// SHA-256 in hex of the contents that ranges are of; at most ``Recipe/mostBases``.
    package var bases: [String]
    /// Three numbers for each range, in the order of the content: the index of its base, -1 for new bytes; where it begins in
    /// that, 0 for new bytes; its length in bytes. At most ``Recipe/mostPieces`` ranges.
    package var ranges: [Int64]

    private enum CodingKeys: String, CodingKey {
        case bases = "bases"
        case ranges = "ranges"
    }

    package init(_ recipe: Recipe) {
        bases = recipe.bases.map(\.hex)
        ranges = recipe.numbers
    }

    /// - Throws: ``WireError`` for what is no recipe.
    package func recipe() throws(WireError) -> Recipe {
        if bases.count > Recipe.mostBases {
            throw .badValue(field: "recipe.bases", reason: "has at most \(Recipe.mostBases) items")
        }
        var digests: [Digest] = []
        for hex in bases {
            guard let digest = Digest(hex: hex) else {
                throw .badValue(field: "recipe.bases", reason: "must have 64 hexadecimal digits each")
            }
            digests.append(digest)
        }
        do throws(Recipe.Flaw) { return try Recipe(bases: digests, numbers: ranges) } catch {
            throw .badValue(field: "recipe.ranges", reason: error.description)
        }
    }
}

/// `POST /v1/recipe`: how can the bytes of a node be had from what the client has?
package struct RecipeRequest: Codable, Hashable, Sendable {
    /// The journal's.
    package var epoch: String
    /// Whose bytes they are.
    package var node: Int64
    /// What they have to be: 64 hexadecimal digits.
    package var sha256: String
    /// SHA-256 in hex of contents that the client has and that may be like it; at most ``most``.
    package var have: [String]

    /// Of contents in one question.
    package static let most = 16

    private enum CodingKeys: String, CodingKey {
        case epoch = "epoch"
        case node = "node"
        case sha256 = "sha256"
        case have = "have"
    }

    package init(epoch: String, node: Int64, sha256: String, have: [String]) {
        self.epoch = epoch
        self.node = node
        self.sha256 = sha256
        self.have = have
    }
}

/// The answer: a recipe that the hub remembers; or what the content consists of, for a client that has something to compare it
/// with; or neither. New bytes lie in the share, where the recipe has them in the content.
package struct RecipeResponse: Codable, Hashable, Sendable {
    /// From what the client has; from something else if it said nothing.
    package var recipe: RecipeMessage?
    /// ``ChunkList/encoded``, as base64.
    package var list: String?

    private enum CodingKeys: String, CodingKey {
        case recipe = "recipe"
        case list = "list"
    }

    package init(recipe: Recipe? = nil, list: [UInt8]? = nil) {
        self.recipe = recipe.map(RecipeMessage.init)
        self.list = list.map(Base64.text)
    }
}
