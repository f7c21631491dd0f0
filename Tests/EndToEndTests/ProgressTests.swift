import TestSupport
import Testing

/// How far `syncagent once` is, on a terminal and elsewhere.
@Suite(.fleet)
struct ProgressTests {
    private static let width: UInt16 = 72

    private func isBar(_ text: some StringProtocol) -> Bool {
        text.hasPrefix("[") && text.dropFirst().prefix(20).allSatisfy { "#-".contains($0) } && text.contains(" %  ")
    }

    @Test func `once draws a bar on a terminal, and takes it away at the end`() throws {
        try withFleet(agents: ["ann"], proxied: true, running: false) { fleet in
            let (ann, proxy) = (fleet["ann"], fleet["ann"].proxy!)  // SAFETY: this fleet is proxied.
            try ann.folder.write(noise(32 << 20), to: "large")
            let terminal = try Terminal(columns: Self.width)
            // Four seconds at least, of which the bar is drawn five times in each.
            proxy.pace(each: 2 << 20)
            let once = try terminal.run("syncagent", ["once", "--home", ann.home])
            defer { once.kill() }
            #expect(once.wait(timeout: .seconds(60))?.isSuccess == true)
            let text = try terminal.allText()
            let drawn = text.split(separator: "\u{1B}[K").map { $0.drop { $0 == "\r" } }.filter { !$0.isEmpty }
            for line in drawn { #expect(isBar(line) && line.count < Int(Self.width), "\(line)") }
            #expect(drawn.contains { $0.hasPrefix("[#") && $0.contains("0 of 1 file, ") }, "\(drawn)")
            // One line all the while, and nothing stands there in the end.
            #expect(!text.contains("\n") && text.hasSuffix("\r\u{1B}[K"))
            #expect(Terminal.rows(after: text) == [""])
            #expect(once.output?.read().map { String(decoding: $0, as: UTF8.self) } == "1 sent, 1 received, in sync\n")
            #expect(fleet.hub.share.read("large") == ann.folder.read("large"))
        }
    }

    @Test(arguments: [[], ["--json"]])
    func `nothing of a bar is written where no terminal is`(_ options: [String]) throws {
        try withFleet(agents: ["ann"], proxied: true, running: false) { fleet in
            let (ann, proxy) = (fleet["ann"], fleet["ann"].proxy!)  // SAFETY: this fleet is proxied.
            try ann.folder.write(noise(8 << 20), to: "large")
            // For long enough that a terminal would see several of them.
            proxy.pace(each: 6 << 20)
            let once = try FleetAnswer("syncagent", ["once", "--home", ann.home] + options).expectDone()
            for text in [once.output, once.errors] {
                for part in ["\r", "\u{1B}", "[#", "[-"] { #expect(!text.contains(part), "\(text)") }
            }
            #expect(fleet.hub.share.read("large") == ann.folder.read("large"))
        }
    }
}
