internal import ControlAPI
internal import Engine
internal import FileTree
internal import Index
internal import SyncCore

/// A content, and the file of the folder in which it lies as far as is known.
struct LocalBase {
    let digest: Digest
    let size: Int64
    let path: RelativePath
}

extension LocalContents {
    /// So many contents that are alike are compared.
    private static let alike = 4
    /// Shorter ranges of what is here come with the new bytes around them, in bytes.
    private static let shortest: Int64 = 8 << 10

    /// What the folder has of the node; nil if that is nothing, or of no use.
    func base(of fetch: Fetch) throws -> LocalBase? {
        try perform { folder in
            guard let (file, path) = try folder.index.agreedFile(of: fetch.node), let path,
                file.size >= ChunkList.leastSize
            else { return nil }
            return LocalBase(digest: file.digest, size: file.size, path: path)
        }
    }

    /// How a content can be had from what is here, after what the hub has said; nil if it cannot.
    /// - Parameter own: what the folder has of the node.
    func plan(
        for fetch: Fetch, _ answer: RecipeResponse, _ own: LocalBase?, cancelled: () -> Bool
    ) throws -> RecipePlan? {
        if let message = answer.recipe {
            guard let recipe = try? message.recipe(), recipe.size == fetch.file.size else { return nil }
            return try plan(recipe, own.map { [$0] } ?? [])
        }
        guard let text = answer.list, let bytes = Base64.bytes(text),
            let list = ChunkList(encoded: bytes, size: fetch.file.size)
        else { return nil }
        let alike = try perform { folder in
            try folder.index.keep(list, of: fetch.file.digest)
            return try folder.index.contents(sharing: list, limit: Self.alike).compactMap { key in
                try folder.index.path(holding: key.digest).map {
                    LocalBase(digest: key.digest, size: key.size, path: $0)
                }
            }
        }
        let bases = (own.map { [$0] } ?? []) + alike.filter { $0.digest != own?.digest }
        let lists = try bases.compactMap { base in
            try self.list(of: base, list.exponent, cancelled).map { (digest: base.digest, list: $0) }
        }
        guard let recipe = Recipe.make(list, from: lists, least: Self.shortest) else { return nil }
        return try plan(recipe, bases)
    }

    /// What a file here consists of, from the index or by cutting it.
    private func list(of base: LocalBase, _ exponent: Int, _ cancelled: () -> Bool) throws -> ChunkList? {
        let known = try perform { try $0.index.chunkList(of: base.digest, size: base.size) }
        if let known, known.exponent == exponent { return known }
        guard let cut = try? root.openFile(base.path).hashInChunks(exponent: exponent, cancelled: cancelled),
            cut.hashed.digest == base.digest
        else { return nil }
        return cut.list
    }

    private func plan(_ recipe: Recipe, _ known: [LocalBase]) throws -> RecipePlan? {
        var readers: [FileReader] = []
        for digest in recipe.bases {
            let path =
                try known.first { $0.digest == digest }?.path
                ?? perform { try $0.index.path(holding: digest) }
            guard let path, let reader = try? root.openFile(path) else { return nil }
            readers.append(reader)
        }
        return RecipePlan(recipe: recipe, bases: readers)
    }
}
