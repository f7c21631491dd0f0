import Glibc
import Processes
import TestSupport
import Testing

/// What others name does nothing to the terminal of who reads of it.
@Suite(.fleet)
struct TerminalTests {
    /// A title, a colour, a bell, a line of its own, and a control of eight bits; U+202E turns what follows.
    private static let hostile = "evil\u{1B}]0;owned\u{7}\u{1B}[31m\nhub error gone\u{9B}2J\u{202E}"

    private static func isObeyed(_ bytes: [UInt8]) -> Bool {
        let text = String(decoding: bytes, as: UTF8.self)
        return Array(text.utf8) != bytes
            || text.unicodeScalars.contains {
                $0 != "\n" && $0.properties.generalCategory == .control || $0 == "\u{202E}"
            }
    }

    @Test func `a hostile name in the share is shown as what it is, in logs and answers`() throws {
        try withFleet(agents: ["ann"]) { fleet in
            try fleet.hub.share.write("x", to: FleetPath(Self.hostile))
            try fleet.hub.share.write("y", to: FleetPath(Array("raw ".utf8) + [0x9B, 0xFF, 0x1B]))
            try fleet.expectSame()
            try fleet.hub.share.write("z", to: FleetPath(Self.hostile))
            try fleet.expectSame()
            for words in [["log"], ["status"], ["unsynced"], ["log", "--json"]] {
                let answer = try fleet.hub.ctl(words).expectDone()
                #expect(!Self.isObeyed(answer.bytes), "\(words)")
                #expect(words != ["log"] || answer.output.contains("evil\\x1b"), "\(answer.output)")
            }
            for path in [fleet.hub.log, fleet["ann"].log] {
                let log = FleetFolder("").read(FleetPath(path)) ?? []
                #expect(!log.isEmpty && !Self.isObeyed(log), "\(path)")
                #expect(!String(decoding: log, as: UTF8.self).contains("\nhub error gone"))
            }
        }
    }

    @Test(arguments: [
        ("synchub", ["check", "--root"]), ("synchub", ["run", "--root"]), ("syncagent", ["run", "--home"]),
        ("syncagent", ["leave", "--home"]), ("syncctl", ["status", "--root"]), ("syncctl", ["status", "--home"]),
    ])
    func `a hostile path in a complaint does nothing to the terminal`(_ program: String, _ words: [String]) throws {
        let answer = try FleetAnswer(program, words + ["/nowhere/" + Self.hostile])
        #expect(answer.code != 0)
        #expect(!Self.isObeyed(answer.bytes + Array(answer.errors.utf8)), "\(answer.errors)")
    }
}
