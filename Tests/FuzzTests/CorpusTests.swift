import TestSupport
import Testing

/// What the fuzzer has found interesting, and what it has found at all, is read again each time.
@Suite struct CorpusTests {
    private static let corpus =
        String(#filePath.prefix(through: #filePath.lastIndex(of: "/") ?? #filePath.startIndex)) + "Corpus"

    @Test(arguments: FuzzTarget.all.map(\.name))
    func `what is promised of all bytes holds for those that were of interest`(target name: String) throws {
        let target = try #require(FuzzTarget.all.first { $0.name == name })
        let corpus = FleetFolder("\(Self.corpus)/\(name)")
        let files = corpus.names()
        #expect(files.count >= target.seeds.count)
        for file in files {
            let bytes = try #require(corpus.read(file))
            #expect(throws: Never.self, "\(name)/\(file)") { try target.run(bytes) }
        }
        try target.run([])
    }

    @Test func `each directory of the corpus is of a target`() {
        #expect(FleetFolder(Self.corpus).names().map(\.description) == FuzzTarget.all.map(\.name).sorted())
    }

    @Test(arguments: FuzzTarget.all.map(\.name))
    func `what is really sent is taken`(target name: String) throws {
        let target = try #require(FuzzTarget.all.first { $0.name == name })
        #expect(!target.seeds.isEmpty)
        for seed in target.seeds { try target.run(seed) }
    }
}
