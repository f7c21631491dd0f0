import Arguments
import Testing

@Suite struct WordsTests {
    @Test(arguments: [
        ("0", 0), ("90", 90), ("90s", 90), ("15m", 900), ("2h", 7200), ("1d12h", 129_600), ("1w", 604_800),
        ("1w1d1h1m1s", 694_861), ("9223372036854775807s", Int64.max),
    ])
    func `durations add up`(text: String, seconds: Int64) { #expect(parseDuration(text) == seconds) }

    @Test(arguments: [
        "", "s", "-1s", "+1s", "1.5h", "1y", "12h1d", "1h1h", "1h30", "1 h", "9223372036854775808",
        "9223372036854775807m", "9223372036854775807s1s", "153722867280912930m8s", "\u{0661}s",
    ])
    func `what is not a duration is refused`(text: String) { #expect(parseDuration(text) == nil) }

    @Test(arguments: [
        ("statsu", "status"), ("staus", "status"), ("statuss", "status"), ("Status", "status"), ("uns", "unsynced"),
        ("pasue", "pause"), ("lgo", "log"),
    ])
    func `one slip in three letters is understood`(word: String, meant: String) {
        #expect(nearestWord(to: word, among: ["status", "unsynced", "pause", "log"]) == meant)
    }

    @Test(arguments: ["", "x", "frobnicate", "sync"])
    func `what is far from all words is not guessed`(word: String) {
        #expect(nearestWord(to: word, among: ["status", "unsynced", "pause", "log"]) == nil)
    }

    @Test func `the arguments of a process come without its name`() {
        #expect(processArguments().count == CommandLine.arguments.count - 1)
        #expect(
            processArguments().map { String(decoding: $0, as: UTF8.self) } == Array(CommandLine.arguments.dropFirst()))
    }
}
