import SyncCore
import Testing

@testable import Console

@Suite struct TextTests {
    @Test(arguments: [
        ("", 0), ("abc", 3), ("é", 1), ("e\u{301}", 1), ("日本", 4), ("ｆｕｌｌ", 8), ("한글", 4), ("👍🏽", 2), ("👩‍👩‍👧", 2),
        ("☎\u{FE0F}", 2), ("a\u{200B}b", 2), ("…–", 2),
    ])
    func `a text is as wide as a terminal shows it`(text: String, width: Int) {
        #expect(DisplayWidth.of(text) == width)
    }

    @Test(arguments: [
        ("plain é 日本", "plain é 日本"), ("\u{1B}[31m", #"\x1b[31m"#), ("a\nb\tc", #"a\x0ab\x09c"#), ("\u{7F}", #"\x7f"#),
        ("\u{9B}31m", #"\xc2\x9b31m"#), ("\u{202E}x", #"\xe2\x80\xaex"#), (#"a\xff\\"#, #"a\xff\\"#),
        ("\r\n", #"\x0d\x0a"#),
    ])
    func `what steers a terminal is shown as escapes`(text: String, safe: String) {
        #expect(SafeText.name(text) == safe)
    }

    @Test(arguments: [
        (0, "0 B"), (999, "999 B"), (1_000, "1.0 kB"), (9_999, "9.9 kB"), (10_000, "10 kB"), (999_999, "999 kB"),
        (1_000_000, "1.0 MB"), (56_000_000_000, "56 GB"), (Int64.max, "9223 PB"),
    ])
    func `sizes are short`(bytes: Int64, text: String) { #expect(Figures.bytes(bytes) == text) }

    @Test(
        arguments: [
            (nil, "never"), ("2026-01-02T03:04:05Z", "just now"), ("2026-01-02T03:04:01Z", "just now"),
            ("2026-01-02T03:04:00Z", "5 s ago"), ("2026-01-02T03:03:05Z", "1 min ago"),
            ("2026-01-02T01:03:05Z", "2 h ago"),
            ("2025-12-30T03:04:05Z", "3 d ago"), ("2026-01-02T03:09:05Z", "just now"), ("soon", "soon"),
            ("2026-01-02T04:04:05+01:00", "just now"), ("2026-01-02T03:03:05.999Z", "1 min ago"),
        ] as [(String?, String)])
    func `the past is told from now`(time: String?, text: String) { #expect(Figures.ago(time, Samples.now) == text) }

    @Test(arguments: [("2026-01-02T03:04:05Z", "2026-01-02 03:04:05 UTC"), ("whenever", "whenever")])
    func `times are readable`(time: String, text: String) { #expect(Figures.time(time) == text) }

    @Test(
        arguments: [
            (true, nil, "xterm", true), (false, nil, "xterm", false), (true, "1", "xterm", false),
            (true, "", "xterm", true),
            (true, nil, "dumb", false), (true, nil, nil, true),
        ] as [(Bool, String?, String?, Bool)])
    func `colour is for terminals, unless NO_COLOR says something`(
        terminal: Bool, noColor: String?, term: String?, styled: Bool
    ) {
        #expect(Appearance.isStyled(isTerminal: terminal, noColor: noColor, term: term) == styled)
    }

    @Test func `columns line up whatever the width of the characters`() {
        let table = Table(
            columns: [.init("NAME"), .init("N", .right), .init("REST")],
            rows: [
                [.init("日本"), .init("1"), .init("x")], [.init("abc"), .init("1000"), .init("")],
                [.init("e\u{301}"), .init(""), .init("", .bad)],
            ])
        #expect(
            table.text(Appearance()) == """
                NAME     N  REST
                日本     1  x
                abc   1000
                e\u{301}

                """)
    }

    @Test func `colour does not move columns`() {
        let table = Table(columns: [.init("A"), .init("B")], rows: [[.init("x", .good), .init("yy")]])
        #expect(
            table.text(Appearance(isStyled: true))
                == "\u{1B}[1mA\u{1B}[0m  \u{1B}[1mB\u{1B}[0m\n\u{1B}[32mx\u{1B}[0m  yy\n")
    }
}
