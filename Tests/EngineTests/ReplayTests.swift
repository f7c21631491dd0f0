import Testing

#if canImport(Glibc)
    import Glibc
#endif

struct ReplayTests {
    @Test(.enabled(if: getenv("SYNC_REPLAY") != nil)) func `a history from a file is replayed`() throws {
        let text = try readAll(String(cString: getenv("SYNC_REPLAY")))
        let history = try #require(History(text))
        for line in try Simulation.run(history) { print(line) }
    }

    private func readAll(_ path: String) throws -> String {
        let file = try #require(fopen(path, "r"))
        defer { fclose(file) }
        var text = ""
        var buffer = [CChar](repeating: 0, count: 4096)
        while fgets(&buffer, 4096, file) != nil {
            text += String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        }
        return text
    }
}
