import TestSupport
import Testing

@testable import SyncCore

/// Whoever may write a `.syncignore` makes everybody compare with it: how much that is has ends. What is beyond keeps nothing back that
/// anybody knows of: nothing goes on there until it is shorter.
struct IgnoreLimitTests {
    private func list(_ text: String, _ origin: IgnoreList.Origin = .file) -> IgnoreList {
        IgnoreList(Array(text.utf8), origin: origin)
    }

    private func expect(
        _ list: IgnoreList, _ excess: String, _ location: SourceLocation = #_sourceLocation
    ) throws {
        let told = "\(excess); until it is shorter, nothing in its directory and below is synced"
        #expect(list.excess == told, sourceLocation: location)
        let top = DirectoryRules.top(file: list)
        for name in ["anything", "kept"] {
            #expect(try top.match(Name(name), isDirectory: false) != nil, sourceLocation: location)
        }
        #expect(try top.entering(Name("below"), file: self.list("!*")).ignores(Name("x")), sourceLocation: location)
        #expect(top.match(IgnoreList.fileName, isDirectory: false) == nil, sourceLocation: location)
    }

    private func ignores(_ list: IgnoreList, _ name: String) throws -> Bool {
        try DirectoryRules.top(file: list).match(Name(name), isDirectory: false) != nil
    }

    @Test func `a thousand rules hold, and with one more all is ignored, and told of`() throws {
        let rules = (1...1_000).map { "rule-\($0)" }
        let all = list("# a comment is no rule\n\n" + rules.joined(separator: "\n"))
        #expect(try all.excess == nil && ignores(all, "rule-1000"))
        #expect(try !ignores(all, "rule-1001"))
        let more = list("!kept\n" + rules.joined(separator: "\n") + "\n!kept")
        try expect(more, "only the first 1000 rules of it hold, up to line 1000")
        let match = try DirectoryRules.top(file: more).match(Name("other"), isDirectory: false)
        #expect(match.map { "\($0)" } == "ignored by rule '*' (.syncignore line 1001)")
        // What a person has in his own configuration holds.
        #expect(list(rules.joined(separator: "\n") + "\none-more", .machine).excess == nil)
    }

    @Test func `64 KiB of rules hold, and with one byte more all is ignored`() throws {
        let filler = String(repeating: "#" + String(repeating: "-", count: 126) + "\n", count: 511)
        let last = "last" + String(repeating: " ", count: IgnoreList.sizeLimit - filler.utf8.count - 4)
        let whole = list(filler + last)
        #expect(try whole.excess == nil && ignores(whole, "last") && !ignores(whole, "other"))
        for beyond in ["x", "\n!kept"] {
            try expect(list(filler + last + beyond), "only the first 65536 bytes of it are rules")
        }
    }

    @Test func `a rule of 1,024 bytes holds, and with a longer one all is ignored`() throws {
        func rule(_ count: Int) -> String {
            String(repeating: "[a]", count: 5) + String(repeating: "*", count: count - 15)
        }
        let name = "aaaaab"
        #expect(try list(rule(1_024)).excess == nil && ignores(list(rule(1_024)), name))
        try expect(list("b\n\(rule(1_025))\n!kept"), "line 2 does not hold: a rule has at most 1024 bytes")
    }

    private func whole(_ name: String) -> IgnoreList {
        list(name + "\n#" + String(repeating: "-", count: IgnoreList.sizeLimit - name.utf8.count - 2))
    }

    @Test func `4 MiB of lists hold from the top down to a directory, and below one more all is ignored`() throws {
        let (name, full) = (try Name("d"), whole("name"))
        var rules = DirectoryRules.top(file: full)
        for _ in 1...63 { rules = rules.entering(name, file: full) }
        #expect(try !rules.lacksRoom && rules.match(Name("name"), isDirectory: false) != nil)
        let beyond = rules.entering(name, file: list("x"))
        #expect(try beyond.lacksRoom && beyond.ignores(Name("anything")))
        // Where there is no other list there is nothing that would not hold.
        let beside = rules.entering(name, file: nil)
        #expect(try !beside.lacksRoom && !beside.ignores(Name("anything")))
        #expect(try beside.entering(name, file: list("x")).ignores(Name("anything")))
        #expect(rules.entering(name, file: list("")).lacksRoom == false)
    }

    @Test func `what is remembered of lists has an end, and no list takes the room of another`() throws {
        var cache = RuleCache<Int>()
        func notice(_ list: IgnoreList?, in directory: Int) -> Bool { cache.notice(list, in: directory) }
        for directory in 1...200 { #expect(notice(whole("name-\(directory)"), in: directory)) }
        #expect(cache.excesses.isEmpty && cache.lists.count < 64)
        // What is forgotten is read again, and nothing has changed by that.
        let known = (1...200).allSatisfy { cache.hasList(in: $0) }
        #expect(known && cache.lists[1] == nil)
        #expect(!notice(whole("name-1"), in: 1) && !notice(whole("name-2"), in: 2))
        #expect(cache.lists[1] == whole("name-1"))
        #expect(notice(whole("other"), in: 3) && notice(nil, in: 4) && !cache.hasList(in: 4))
    }

    @Test func `of a list for which there is no room it is told until there is`() throws {
        var cache = RuleCache<Int>()
        let (name, full) = (try Name("d"), whole("name"))
        var rules = DirectoryRules.top(file: full)
        for _ in 1...63 { rules = rules.entering(name, file: full) }
        let small = list("x")
        let isNew = cache.notice(small, in: 65)
        #expect(isNew)
        cache.keep(rules.entering(name, file: small), of: 65)
        #expect(cache.excesses.map(\.directory) == [65])
        #expect(cache.excesses.first?.reason.hasPrefix("none of it holds: with those above it") == true)
        cache.forgetPlaces()
        cache.keep(DirectoryRules.top(file: nil).entering(name, file: small), of: 65)
        #expect(cache.excesses.isEmpty)
    }

    // MARK: - Matching

    private func glob(_ pattern: String) throws -> Glob {
        Glob(try #require(Glob.tokens(of: Array(pattern.utf8)[...])))
    }

    @Test(arguments: [(31, 1), (32, 2), (511, 16)])
    func `matching looks at a few words for each byte, whatever the pattern`(
        stars: Int, words: Int
    ) throws {
        // A star and a letter each, and the letter that never comes.
        let glob = try glob(String(repeating: "*a", count: stars) + "b")
        let text = [UInt8](repeating: UInt8(ascii: "a"), count: 255)
        var steps = 0
        let isMatch = glob.matches(text, counting: &steps)
        #expect(!isMatch && steps == 255 * words)
        // What cannot match any more is not looked at to the end.
        steps = 0
        let isOther = try self.glob("ab*").matches(text, counting: &steps)
        #expect(!isOther && steps == 2)
    }

    /// By sets of places in the pattern, as it would be done by hand.
    private func matches(_ tokens: [Glob.Token], _ text: [UInt8]) -> Bool {
        func reached(_ places: Set<Int>) -> Set<Int> {
            var (found, open) = (places, Array(places))
            while let place = open.popLast() {
                guard place < tokens.count else { continue }
                let next: [Int] =
                    switch tokens[place] {
                    case .star, .anything: [place + 1]
                    case .optional(let count): [place + 1, place + count]
                    case .byte, .one, .set: []
                    }
                for place in next where found.insert(place).inserted { open.append(place) }
            }
            return found
        }
        var places = reached([0])
        for byte in text {
            var next: Set<Int> = []
            for place in places where place < tokens.count {
                switch tokens[place] {
                case .byte(let wanted): if byte == wanted { next.insert(place + 1) }
                case .one: if byte != UInt8(ascii: "/") { next.insert(place + 1) }
                case .set(let set): if set.contains(byte) { next.insert(place + 1) }
                case .star: if byte != UInt8(ascii: "/") { next.insert(place) }
                case .anything: next.insert(place)
                case .optional: break
                }
            }
            places = reached(next)
        }
        return places.contains(tokens.count)
    }

    @Test func `a pattern of any length means what it says`() throws {
        let seed = SeededRandom.seedFromEnvironment()
        var random = SeededRandom(seed: seed)
        let pieces = ["a", "b", "a", "*", "?", "[ab]", "[!a]", "/", "**/", "/**/", "/**", "\\a", "**"]
        var found = 0
        for _ in 0..<3_000 {
            let count = random.next() % 4 == 0 ? 60 + random.next() % 80 : 1 + random.next() % 8
            let pattern = (0..<count).map { _ in pieces[Int(random.next() % UInt64(pieces.count))] }.joined()
            guard let tokens = Glob.tokens(of: Array(pattern.utf8)[...]) else { continue }
            let glob = Glob(tokens)
            // What the pattern asks for, with something in the place of its stars: it often matches.
            for _ in 0..<4 {
                var text: [UInt8] = []
                for token in tokens {
                    switch token {
                    case .byte(let byte): text.append(byte)
                    case .one: text.append(UInt8(ascii: "b"))
                    case .set: text.append(random.next() % 2 == 0 ? UInt8(ascii: "a") : UInt8(ascii: "b"))
                    case .star: text += Array("ab".utf8).prefix(Int(random.next() % 3))
                    case .anything: text += Array("a/b".utf8).prefix(Int(random.next() % 4))
                    case .optional: break
                    }
                }
                if random.next() % 3 == 0, !text.isEmpty { text.remove(at: Int(random.next() % UInt64(text.count))) }
                let expected = matches(tokens, text)
                if expected { found += 1 }
                let isSame = glob.matches(text) == expected
                #expect(isSame, "SYNC_SEED=\(seed): \(pattern) and \(String(decoding: text, as: UTF8.self))")
                if !isSame { return }
            }
        }
        #expect(found > 1_000, "SYNC_SEED=\(seed)")
    }
}
