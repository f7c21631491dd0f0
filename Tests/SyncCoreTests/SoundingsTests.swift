import SyncCore
import Testing

struct SoundingsTests {
    private func contents(_ sizes: [Int64]) -> [FileContent] {
        sizes.enumerated().map { index, size in
            let number = withUnsafeBytes(of: UInt64(index)) { Array($0) }
            return FileContent(
                digest: Digest(bytes: [UInt8](repeating: 1, count: 24) + number)!, size: size, mode: Mode(0o644),
                mtime: Nanoseconds(0))
        }
    }

    @Test func `a few bytes are sent without a question`() {
        #expect(Soundings(contents([])) == nil)
        #expect(Soundings(contents([Soundings.worthAsking - 1])) == nil)
        #expect(Soundings(contents([Soundings.worthAsking]))?.first.count == 1)
        #expect(Soundings(contents([Soundings.worthAsking - 1, 1]))?.first.count == 2)
    }

    @Test func `of many small contents a sample is asked about, and the others only if it is there`() throws {
        let many = contents(Array(repeating: 4_096, count: 5_000))
        let soundings = try #require(Soundings(many))
        #expect(soundings.first.count == 32)
        #expect(soundings.rest.count == 4_968)
        #expect(Set(soundings.first + soundings.rest) == Set(many))
        #expect(!soundings.goesOn([]))
        #expect(!soundings.goesOn([soundings.rest[0].digest]))
        #expect(soundings.goesOn([soundings.first[31].digest]))
    }

    @Test func `large contents are all asked about, as many as fit into one question`() throws {
        let sizes = Array(repeating: Soundings.large, count: 40) + Array(repeating: Soundings.large - 1, count: 100)
        let soundings = try #require(Soundings(contents(sizes)))
        #expect(soundings.first.count == 72)
        #expect(soundings.first.prefix(40).allSatisfy { $0.size == Soundings.large })
        // A large one that is there says nothing of the small ones.
        #expect(!soundings.goesOn([soundings.first[0].digest]))
        #expect(soundings.goesOn([soundings.first[40].digest]))
        let more = try #require(Soundings(contents(Array(repeating: 1 << 20, count: 3_000))))
        #expect(more.first.count == Soundings.most)
    }
}
