internal import ControlAPI
internal import Engine
internal import FileTree
internal import Processes
internal import SyncCore
internal import Transport

// What is like something on this machine is put together from that, and from ranges of the file in the share.
extension Loader {
    /// Without anything to compare it with, the hub is asked only about files of which it costs more to bring all, in bytes.
    private static let worthAsking: Int64 = 8 << 20

    /// In bytes: so much that is new is not worth a login of its own.
    private static let quickly: Int64 = 1 << 20

    /// - Returns: nil if the file has to be fetched whole, for whatever reason.
    func rebuild(_ fetch: Fetch, sync: Bool) throws -> StagedContent? {
        try unlessItFails(fetch) {
            guard let plan = try plan(for: fetch) else { return nil }
            let file = try newFile()
            guard try build(plan, in: file, fetch) else { return nil }
            return try finish(file, fetch, sync: sync)
        }
    }

    /// How a file can be had from what is here; nil if it has to be fetched whole.
    func plan(for fetch: Fetch) throws -> RecipePlan? {
        guard fetch.file.size >= ChunkList.leastSize else { return nil }
        return try unlessItFails(fetch) {
            let own = try here.base(of: fetch)
            if own == nil, fetch.file.size < Loader.worthAsking { return nil }
            let answer = try hub.recipe(SharedFile(fetch), have: own.map { [$0.digest] } ?? [])
            return try here.plan(for: fetch, answer, own, cancelled: { !goesOn() })
        }
    }

    private func unlessItFails<Value>(_ fetch: Fetch, _ body: () throws -> Value?) throws -> Value? {
        do { return try body() } catch let error as HubError {
            if error.endsConnection { throw error }
            if case .cancelled = error { throw error }
        } catch let error as FileTreeError {
            // The whole would not have room either; that is told.
            if [.noSpace, .readOnly].contains(error.reason) { throw error }
            Loader.log.debug("recipe-failed", ["path": fetch.path.description, "reason": "\(error)"])
        } catch let error as DiskProblem {
            Loader.log.debug("recipe-failed", ["path": fetch.path.description, "reason": "\(error)"])
        }
        return nil
    }

    /// Puts a content together in order, in a file that may have its beginning already: whatever cuts it, it can be gone on with.
    /// - Parameters:
    ///   - isBulk: whether what is new may come over the connections for large contents.
    ///   - goesOn: asked from time to time with how many new bytes are left.
    /// - Returns: false if it was not to go on.
    func build(
        _ plan: RecipePlan, in file: StagedFile, _ fetch: Fetch, isBulk: Bool = false,
        goesOn: (Int64) throws -> Bool = { _ in true }
    ) throws -> Bool {
        let stretches = RecipeStretch.divide(plan.recipe, from: file.size)
        let new = stretches.reduce(0) { $0 + Ranges.bytes($1.new) }
        let lane = isBulk && new > Loader.quickly ? Lane.bulk(0) : .quick
        var left = new
        // Nothing is reserved for the whole: what is a hole in a base stays one.
        let rest = RecipeStretch.divide(plan.recipe, from: file.size, most: plan.recipe.size).flatMap(\.pieces)
        try file.requireRoom(for: Recipe(bases: plan.recipe.bases, pieces: rest), bases: plan.bases)
        for stretch in stretches {
            if !self.goesOn() { throw HubError.cancelled }
            guard try goesOn(left) else { return false }
            try build(stretch, plan, in: file, fetch, lane)
            left -= Ranges.bytes(stretch.new)
        }
        _ = try goesOn(left)
        Loader.log.debug(
            "rebuilt",
            [
                "path": fetch.path.description, "bytes": fetch.file.size, "new": new,
                "ranges": plan.recipe.pieces.count,
            ])
        return true
    }

    private func build(
        _ stretch: RecipeStretch, _ plan: RecipePlan, in file: StagedFile, _ fetch: Fetch, _ lane: Lane
    ) throws {
        var rest = stretch.pieces[...]
        /// Bytes that the first piece of the rest still gets.
        var missing: Int64 = 0
        func copy() throws {
            let copies = rest.prefix { if case .copy = $0 { true } else { false } }
            rest = rest[copies.endIndex...]
            missing = rest.first?.length ?? 0
            if copies.isEmpty { return }
            let recipe = try Recipe(bases: plan.recipe.bases, pieces: Array(copies))
            try file.append(recipe, bases: plan.bases, new: nil) { !goesOn() }
        }
        try copy()
        if !stretch.new.isEmpty {
            try hub.download(SharedFile(fetch), ranges: stretch.new, lane) { block in
                var block = block
                while !block.isEmpty {
                    if rest.isEmpty { throw Loader.changed }
                    let part = UnsafeRawBufferPointer(rebasing: block.prefix(Int(clamping: missing)))
                    try file.append(part)
                    missing -= Int64(part.count)
                    block = UnsafeRawBufferPointer(rebasing: block[part.count...])
                    if missing > 0 { continue }
                    rest = rest.dropFirst()
                    try copy()
                }
                if !goesOn() { throw HubError.cancelled }
            }
        }
        if !rest.isEmpty { throw Loader.changed }
    }

    private static let log = Log("down")
}

/// A recipe, and the files that its bases lie in.
struct RecipePlan {
    let recipe: Recipe
    /// In the order of the recipe's.
    let bases: [FileReader]
}

/// A part of a recipe for which so much travels that it is worth one request, and not so much that others wait. Pure.
struct RecipeStretch: Hashable {
    /// In order.
    var pieces: [Recipe.Piece] = []
    /// Where the new bytes among them are to be in the content.
    var new: [Range<Int64>] = []

    /// In bytes: what travels for one of them, at most.
    static let most: Int64 = 16 << 20

    /// - Parameter start: all before it is there.
    static func divide(_ recipe: Recipe, from start: Int64, most: Int64 = most) -> [RecipeStretch] {
        var stretches = [RecipeStretch()]
        var (position, travels): (Int64, Int64) = (0, 0)
        for piece in recipe.pieces {
            let range = position..<position + piece.length
            position = range.upperBound
            var rest = max(range.lowerBound, min(start, position))..<position
            while !rest.isEmpty {
                switch piece {
                case .copy(let base, let offset, _):
                    let skipped = rest.lowerBound - range.lowerBound
                    stretches[stretches.count - 1].pieces.append(
                        .copy(base: base, offset: offset + skipped, length: rest.upperBound - rest.lowerBound))
                    rest = rest.upperBound..<rest.upperBound
                case .new:
                    if travels >= most {
                        stretches.append(RecipeStretch())
                        travels = 0
                    }
                    let part = rest.lowerBound..<min(rest.upperBound, rest.lowerBound + most - travels)
                    stretches[stretches.count - 1].pieces.append(.new(length: part.upperBound - part.lowerBound))
                    stretches[stretches.count - 1].new.append(part)
                    travels += part.upperBound - part.lowerBound
                    rest = part.upperBound..<rest.upperBound
                }
            }
        }
        return stretches
    }
}
