import SyncCore
import Testing

/// How deep a tree may be.
struct TreeLimitsTests {
    @Test func `a directory may be in 254 others, and a path has what follows from that`() {
        #expect(TreeLimits.allowsDirectory(at: 255) && !TreeLimits.allowsDirectory(at: 256))
        #expect(TreeLimits.names == 256 && TreeLimits.path == 256 * 255 + 255)
    }

    /// - Parameter height: nil: nobody may ask for it, since it takes a look at all that is below.
    @Test(
        arguments: [
            (10, 10, nil, true), (10, 9, nil, true), (300, 299, nil, true), (10, 256, nil, false),
            (10, 11, 244, true), (10, 11, 245, false), (1, 255, 0, true), (1, 255, 1, false), (299, 300, nil, false),
        ] as [(Int, Int, Int?, Bool)])
    func `a directory may go where the deepest one below it still may be`(old: Int, new: Int, height: Int?, fits: Bool)
    {
        let found = TreeLimits.allowsMove(from: old, to: new) {
            if height == nil { Issue.record("asked for the height") }
            return height ?? 0
        }
        #expect(found == fits)
    }

    /// - Parameter above: names above the top.
    private func rules(at depth: Int, above: Int = 0, list: String = "") throws -> DirectoryRules {
        var rules = DirectoryRules.top(file: IgnoreList(Array(list.utf8), origin: .file), above: above)
        for _ in 0..<depth { rules = rules.entering(try Name("d"), file: nil) }
        return rules
    }

    @Test(arguments: [(254, 0), (244, 10)]) func `what is too deep is passed over, whatever a list says`(
        depth: Int, above: Int
    ) throws {
        let name = try Name("x")
        let last = try rules(at: depth, above: above, list: "!*")
        #expect(last.match(name, isDirectory: true) == nil && last.match(name, isDirectory: false) == nil)
        let deepest = try rules(at: depth + 1, above: above, list: "!*\n!*/")
        #expect(deepest.match(name, isDirectory: false) == nil)
        let match = try #require(deepest.match(name, isDirectory: true))
        #expect(match.isDepth && "\(match)" == "too deep: a directory is synced if at most 254 others are above it")
        // Below it too, however deep.
        for depth in [depth + 2, 10_000] {
            let below = try rules(at: depth, above: above, list: "!*")
            #expect(below.match(name, isDirectory: false)?.isDepth == true)
        }
        #expect(try rules(at: 1, list: "*.log").match(Name("a.log"), isDirectory: false)?.isDepth == false)
    }
}
