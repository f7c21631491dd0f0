import ControlAPI
import Testing

@testable import Console

/// The shapes of DESIGN §9.
@Suite struct JSONTests {
    @Test func `status`() {
        var status = Samples.status
        status.clients = [status.clients[0], status.clients[2]]
        #expect(
            status.json == """
                {"clients":[{"behind":0,"cursor":42,"kind":"agent","last_seen":"2026-01-02T03:04:04Z","name":"laptop",\
                "state":"in-sync","unsynced":{"bytes":0,"down":0,"up":0}},{"behind":35,"cursor":7,"kind":"agent",\
                "name":"pi","paused_until":"2026-01-02T05:04:05Z","state":"paused",\
                "unsynced":{"bytes":0,"down":0,"up":0}}],"conflicts":2,"hub":{"bytes":1234,"files":1,"name":"home",\
                "seq":42,"share":"/srv/synchub/share","version":"0.1.0"}}

                """)
    }

    @Test func `unsynced, with path_b64 beside a path that is not UTF-8`() {
        #expect(
            Array(Samples.unsynced.prefix(2)).json == #"""
                [{"bytes":999,"client":"laptop","direction":"up","path":"cafe\#u{301}/日本.txt","reason":"settling"},\#
                {"bytes":1000,"client":"pi","direction":"down","path":"a\\xff\\x1b[31m\\\\","path_b64":"Yf8bWzMxbVw=",\#
                "reason":"offline"}]

                """#)
    }

    @Test func `conflicts`() {
        #expect(
            Samples.conflicts.json == """
                [{"at":"2026-01-02T03:04:05Z","client":"pi","copy":"a (conflict 2026-01-02 pi).txt","path":"a.txt"}]

                """)
    }

    @Test func `paths, and what pause touched`() {
        #expect(
            Samples.paths.json == """
                {"paths":[{"path":"/home/me/Sync","what":"folder"},\
                {"path":"/home/me/.local/state/synchub","what":"home"}]}

                """)
        #expect(Touched(deed: .paused(seconds: 5), clients: ["pi"]).json == "{\"clients\":[\"pi\"]}\n")
    }

    @Test func `an empty list is an empty array`() {
        #expect([UnsyncedMessage]().json == "[]\n")
    }

    @Test func `controls inside strings stay readable for a JSON parser`() throws {
        let json = Samples.unsynced.json
        #expect(json.contains(#"c1\u009b31m bidi\u202e"#))
        let back = try WireFormat.decode([UnsyncedMessage].self, from: Array(json.utf8))
        #expect(back == Samples.unsynced)
    }
}
