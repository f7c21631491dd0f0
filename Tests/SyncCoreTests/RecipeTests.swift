import SyncCore
import TestSupport
import Testing

/// Chunk lists in, ranges out.
struct RecipeTests {
    /// Of chunks with these numbers, each `length` bytes long.
    private func list(_ numbers: [Int], length: UInt32 = 100, exponent: Int = 14) -> ChunkList {
        ChunkList(
            exponent: exponent,
            chunks: numbers.map { Chunk(length: length, high: UInt64($0), low: UInt64($0) &* 0x9E37_79B9_7F4A_7C15) })
    }

    private func digest(_ number: UInt8) -> Digest { Digest(bytes: [UInt8](repeating: number, count: 32))! }

    /// `b0@100+300` for a copied range, `+100` for new bytes.
    private func shown(_ recipe: Recipe?) -> String? {
        recipe?.pieces.map { piece in
            switch piece {
            case .copy(let base, let offset, let length): "b\(base)@\(offset)+\(length)"
            case .new(let length): "+\(length)"
            }
        }.joined(separator: " ")
    }

    private func made(_ new: [Int], _ old: [Int]...) -> String? {
        shown(Recipe.make(list(new), from: old.enumerated().map { (digest(UInt8($0.offset)), list($0.element)) }))
    }

    @Test func `ranges that follow each other in content and base are one`() {
        #expect(made([1, 2, 3, 4, 5], [1, 2, 3, 4, 5]) == "b0@0+500")
        #expect(made([1, 2, 9, 4, 5], [1, 2, 3, 4, 5]) == "b0@0+200 +100 b0@300+200")
        #expect(made([1, 2, 8, 9, 3, 4, 5, 6, 7], [1, 2, 3, 4, 5, 6, 7]) == "b0@0+200 +200 b0@200+500")
        #expect(made([4, 5, 1, 2], [1, 2, 3, 4, 5]) == "b0@300+200 b0@0+200")
        #expect(made([1, 2, 3, 4], [2, 3, 1]) == "b0@200+100 b0@0+200 +100")
    }

    @Test func `a chunk that occurs often does not tear a range apart`() {
        #expect(made([7, 1, 7, 7, 2, 7], [7, 1, 7, 7, 2, 7]) == "b0@0+600")
    }

    @Test func `several bases are used, and those of which nothing is used are not named`() throws {
        #expect(made([1, 2, 3, 4], [1, 2], [3, 4]) == "b0@0+200 b1@0+200")
        let recipe = try #require(
            Recipe.make(list([1, 2, 3, 4]), from: [(digest(1), list([9])), (digest(2), list([1, 2, 3, 4]))]))
        #expect(recipe.bases == [digest(2)])
        #expect(shown(recipe) == "b0@0+400")
    }

    @Test func `what saves less than a quarter travels whole`() {
        #expect(made([1, 2, 3, 9], [5, 6, 7, 8]) == nil)
        #expect(made([1, 9, 8, 7, 6], [1, 2, 3, 4, 5]) == nil)
        #expect(Recipe.make(list([1, 2]), from: []) == nil)
        #expect(Recipe.make(list([1, 2]), from: [(digest(1), list([1, 2], exponent: 15))]) == nil)
    }

    @Test func `short copied ranges come with the new bytes around them when that is asked for`() {
        let recipe = Recipe.make(
            list([1, 2, 9, 4, 8, 5, 6, 7]), from: [(digest(1), list([1, 2, 3, 4, 5, 6, 7]))], least: 101)
        #expect(shown(recipe) == "b0@0+200 +300 b0@400+300")
    }

    @Test func `a recipe never has more ranges than it may`() throws {
        // Every other chunk is new.
        let count = Recipe.mostPieces * 4
        let old = (0..<count).map { $0 }
        let new = old.map { $0 % 16 == 0 ? count + $0 : $0 }
        let recipe = try #require(
            Recipe.make(list(new, length: 10_000), from: [(digest(1), list(old, length: 10_000))]))
        #expect(recipe.pieces.count <= Recipe.mostPieces)
        #expect(recipe.size == Int64(count) * 10_000)
    }

    @Test func `a recipe made from random edits gives the content`() throws {
        var random = SeededRandom(seed: 5)
        for _ in 0..<200 {
            let old = (0..<Int.random(in: 1...40, using: &random)).map { _ in Int.random(in: 0...30, using: &random) }
            var new = old
            for _ in 0..<Int.random(in: 0...5, using: &random) {
                let at = Int.random(in: 0...new.count, using: &random)
                if Bool.random(using: &random) || at == new.count {
                    new.insert(Int.random(in: 25...40, using: &random), at: at)
                } else {
                    new.remove(at: at)
                }
            }
            func content(_ list: ChunkList) -> [UInt64] {
                list.chunks.flatMap { [UInt64](repeating: $0.high, count: 100) }
            }
            guard let recipe = Recipe.make(list(new), from: [(digest(1), list(old))]) else { continue }
            var built: [UInt64] = []
            for piece in recipe.pieces {
                switch piece {
                case .copy(_, let offset, let length): built += content(list(old))[Int(offset)..<Int(offset + length)]
                case .new(let length): built += content(list(new))[built.count..<built.count + Int(length)]
                }
            }
            #expect(built == content(list(new)), "\(old) to \(new)")
            #expect(try Recipe(bases: recipe.bases, numbers: recipe.numbers) == recipe)
            #expect(Recipe(encoded: recipe.encoded) == recipe)
            #expect(recipe.newRanges.reduce(0) { $0 + $1.upperBound - $1.lowerBound } == recipe.newBytes)
        }
    }

    private static let lies: [[Int64]] = [
        [0, 0], [0, 0, 0], [0, 0, -1], [0, -1, 1], [1, 0, 1], [-2, 0, 1], [-1, 5, 1], [-1, 0, 0], [0, .max, 1],
        [0, 0, .max, 0, 0, .max], [-1, 0, .max, -1, 0, 1], [.max, 0, 1],
    ]

    @Test(arguments: lies)
    func `numbers that are no recipe are refused`(numbers: [Int64]) {
        #expect(throws: Recipe.Flaw.self) { try Recipe(bases: [digest(1)], numbers: numbers) }
    }

    @Test func `too many ranges and bases are refused, as many as may be are not`() throws {
        let range: [Int64] = [-1, 0, 1]
        let most = Array(repeating: range, count: Recipe.mostPieces).flatMap { $0 }
        #expect(try Recipe(bases: [], numbers: most).newBytes == Int64(Recipe.mostPieces))
        #expect(throws: Recipe.Flaw.self) { try Recipe(bases: [], numbers: most + range) }
        let bases = (0..<Recipe.mostBases).map { digest(UInt8($0)) }
        #expect(try Recipe(bases: bases, numbers: range).bases.count == Recipe.mostBases)
        #expect(throws: Recipe.Flaw.self) { try Recipe(bases: bases + [digest(99)], numbers: range) }
    }

    @Test func `a chunk list comes back from its bytes, and what is none does not`() {
        let some = list([1, 2, 3])
        #expect(ChunkList(encoded: some.encoded, size: 300) == some)
        #expect(ChunkList(encoded: some.encoded, size: 301) == nil)
        #expect(ChunkList(encoded: some.encoded.dropLast(), size: 300) == nil)
        #expect(ChunkList(encoded: [9] + some.encoded.dropFirst(), size: 300) == nil)
        #expect(ChunkList(encoded: list([1], length: 1 << 20).encoded, size: 1 << 20) == nil)
        #expect(ChunkList(encoded: [], size: 0) == nil)
    }

    @Test func `lists that share many chunks share samples`() {
        let old = list(Array(0..<1_000))
        let new = list(Array(100..<1_100))
        #expect(!Set(old.samples).isDisjoint(with: new.samples))
        #expect(Set(old.samples).isDisjoint(with: list(Array(2_000..<3_000)).samples))
        #expect(list([1, 2]).samples.count == 2)
    }
}
