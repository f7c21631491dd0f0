import Testing

@testable import Processes

@Suite("The log")
struct LogTests {
    @Test(arguments: [
        ("", Log.Level.info), ("debug", .debug), ("hub:trace", .trace), ("ssh:trace", .info),
        ("debug,hub:error", .error),
        ("hub:error,debug", .error), ("hub:loud", .info), ("loud", .info), ("hub:debug,hub:trace", .trace),
    ])
    func `SYNC_TRACE decides by part, then for all`(_ wanted: String, _ level: Log.Level) {
        #expect(Log.level(of: "hub", in: wanted) == level)
    }

    @Test(arguments: [
        ("plain/x:1", "plain/x:1"), ("", "\"\""), ("two words", "\"two words\""), ("a=b", "\"a=b\""),
        ("a\"b\\c d", "\"a\\\"b\\\\c d\""), ("line\nbreak", "\"line\\nbreak\""),
        ("\u{1B}[31mred", "\"\\u{1b}[31mred\""),
        ("bi\u{202E}di", "\"bi\\u{202e}di\""), ("café", "café"),
    ])
    func `a value stays on its line and does nothing to a terminal`(_ value: String, _ shown: String) {
        #expect(Log.line("hub", .info, "event", ["key": value]) == "hub info event key=\(shown)")
    }
}
