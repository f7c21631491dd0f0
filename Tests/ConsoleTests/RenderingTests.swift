import ControlAPI
import Testing

@testable import Console

@Suite struct RenderingTests {
    static let plain = Appearance(now: Samples.now)
    static let styled = Appearance(isStyled: true, now: Samples.now)

    @Test func `status shows the hub, every client and the conflicts`() {
        #expect(
            Samples.status.text(Self.plain) == """
                home  1 file, 1.2 kB, change 42  (synchub 0.1.0)
                share  /srv/synchub/share

                CLIENT  KIND   STATE                                 BEHIND  UP  DOWN  TO MOVE  LAST SEEN
                laptop  agent  in-sync                                    -   -     -        -  just now
                書斎    agent  syncing                                    2   1    12   5.6 MB  3 min ago
                pi      agent  paused until 2026-01-02 05:04:05 UTC      35   -     -        -  never
                phone   sftp   revoked                                    -   -     -        -  3 d ago

                2 open conflicts; `syncctl conflicts` lists them

                """)
    }

    @Test func `colour adds meaning and changes no text`() {
        let text = Samples.status.text(Self.styled)
        #expect(text.contains("\u{1B}[32min-sync\u{1B}[0m"))
        #expect(text.contains("\u{1B}[36msyncing\u{1B}[0m"))
        #expect(text.contains("\u{1B}[31mrevoked\u{1B}[0m"))
        #expect(text.contains("\u{1B}[33m2 open conflicts\u{1B}[0m"))
        #expect(text.replacing(/\u{1B}\[[0-9]*m/, with: "") == Samples.status.text(Self.plain))
    }

    @Test func `status says why a client is as it is`() {
        var status = Samples.status
        status.clients = Array(status.clients.prefix(2))
        status.clients[0].refused = "another machine says to be it"
        status.clients[1].state = .merging
        status.clients[1].reason = "merging as new: its index was lost"
        let lines = status.text(Self.plain).split(separator: "\n", omittingEmptySubsequences: false)
        #expect(
            lines.suffix(6) == [
                "", "laptop: refused: another machine says to be it", "書斎: merging as new: its index was lost", "",
                "2 open conflicts; `syncctl conflicts` lists them", "",
            ])
        status.clients[1].state = .blocked
        status.clients[1].reason = "its folder is not there"
        #expect(status.text(Self.plain).contains("書斎: blocked: its folder is not there\n"))
    }

    @Test func `a hub without clients says how to get one`() {
        #expect(
            Samples.empty.text(Self.plain) == """
                home  0 files, 0 B, change 0  (synchub 0.1.0)
                share  /s

                no clients yet; `syncctl invite NAME` makes an invite for one

                no open conflicts

                """)
    }

    @Test func `clients shows who may connect`() {
        #expect(
            Samples.clients.text(Self.plain) == """
                CLIENT  KIND   ROLE   STATE    SINCE                    LAST SEEN  KEY
                laptop  agent  admin  in-sync  2026-01-01 00:00:00 UTC  just now   SHA256:abc
                new     agent  agent  offline  2026-01-02 03:00:00 UTC  never      invited, has not joined yet

                """)
    }

    @Test func `of a phone nobody can say that it is in sync, or when it was seen`() {
        let phone = StatusResponse.Client(
            name: "phone", kind: .sftp, state: .inSync, cursor: 0, behind: 0, unsynced: .init(up: 0, down: 0, bytes: 0),
            lastSeen: nil, pausedUntil: nil)
        let text = [phone].text(Self.plain)
        #expect(text.contains("uses the share") && !text.contains("in-sync") && !text.contains("never"))
        let client = ClientMessage(
            name: "phone", kind: .sftp, role: "phone", state: .inSync, fingerprint: "SHA256:abc",
            since: "2026-01-01T00:00:00Z", lastSeen: nil)
        #expect([client].text(Self.plain).contains("uses the share"))
    }

    @Test func `unsynced shows names escaped and lined up`() {
        #expect(
            Samples.unsynced.text(Self.plain) == #"""
                CLIENT  WAY     SIZE  PATH                            REASON
                laptop  up     999 B  cafe\#u{301}/日本.txt                   settling
                pi      down  1.0 kB  a\xff\x1b[31m\\                 offline
                pi      down     0 B  c1\xc2\x9b31m bidi\xe2\x80\xae  evil\x1b]0;x\x07

                """#)
    }

    @Test func `nothing of a name reaches the terminal as a control character`() {
        let hub = StatusResponse.Hub(name: "h\u{1B}c", version: "\u{7}", seq: 1, files: 1, bytes: 1, share: "/\u{9B}")
        var status = Samples.empty
        status.hub = hub
        let evil = "x\u{1B}[2J\u{9D}\u{202E}"
        let texts = [
            status.text(Self.plain), Samples.unsynced.text(Self.plain),
            WhyResponse(
                path: evil, synced: false, sentence: evil, clients: [.init(client: evil, synced: false, reason: evil)]
            ).text(Self.plain),
            WaitResponse(inSync: false, seq: 1, waiting: [.init(client: evil, reason: evil)]).text(Self.plain),
            Touched(deed: .resumed, clients: [evil]).text(Self.plain),
            PathsResponse(paths: [.init(what: evil, path: evil)]).text(Self.plain),
            InviteResponse.Connection(user: evil, hosts: [.init(host: evil, port: 1)], fingerprint: evil).text(
                Self.plain),
            PathsResponse(paths: [.init(what: evil, path: evil)]).json,
        ]
        for scalar in texts.joined().unicodeScalars where scalar != "\n" {
            #expect(scalar.value >= 0x20 && !(0x7F...0x9F).contains(scalar.value) && scalar.value != 0x202E)
        }
    }

    @Test func `why says the sentence, and each client that differs`() {
        #expect(Samples.why.text(Self.plain) == "a.txt waits for one of 2 clients\n  pi  offline since yesterday\n")
        let same = WhyResponse(path: "a", synced: true, sentence: "a is in sync", clients: [])
        #expect(same.text(Self.plain) == "a is in sync\n")
    }

    @Test func `log is lines without a heading`() {
        #expect(
            Samples.log.text(Self.plain) == """
                 9  2026-01-02 03:04:05 UTC  laptop  edit       12 B  a.txt
                10  2026-01-02 03:04:06 UTC  pi      move  directory  c -> b/c

                """)
    }

    @Test func `history says version, device, size and whether the bytes are kept`() {
        #expect(
            Samples.history.text(Self.plain) == #"""
                VERSION  WHEN                     CLIENT    CHANGE       SIZE  STATE    PATH
                      1  2026-01-02 03:04:05 UTC  laptop    create       12 B  gone     b.txt
                      2  2026-01-02 03:04:06 UTC  phone     edit       1.3 kB  current  a.txt
                      1  2026-01-02 03:04:07 UTC  evil\x1b  delete  directory  deleted  a.txt

                """#)
    }

    @Test func `conflicts shows where the other version is`() {
        #expect(
            Samples.conflicts.text(Self.plain)
                == """
                PATH   THE OTHER VERSION IS AT           FROM  WHEN
                a.txt  a (conflict 2026-01-02 pi).txt  pi    2026-01-02 03:04:05 UTC

                """.replacing("AT           FROM", with: "AT         FROM"))
    }

    @Test func `paths is two columns`() {
        #expect(
            Samples.paths.text(Self.plain) == """
                folder  /home/me/Sync
                home    /home/me/.local/state/synchub

                """)
    }

    @Test func `an SFTP device is told how to connect`() {
        #expect(
            Samples.sftp.text(Self.plain) == """
                sftp -P 2222 sync@192.0.2.1
                sftp -P 22 sync@[fe80::1]
                host key  SHA256:xyz

                """)
    }

    @Test func `an invite is one line in both renderings`() {
        #expect(Samples.invite.text(Self.styled) == Samples.invite.json)
        #expect(Samples.invite.json.filter { $0 == "\n" }.count == 1)
    }

    @Test(arguments: [
        (Touched.Deed.paused(seconds: 7200), ["pi", "b"], "paused for 2 h: pi, b\n"),
        (.paused(seconds: nil), ["pi"], "paused until resumed: pi\n"),
        (.paused(seconds: 1), [], "there is no client to pause\n"),
        (.resumed, ["pi"], "resumed: pi\n"), (.resumed, [], "no client was paused\n"),
        (.revoked, ["pi"], "revoked: pi; its key and token open nothing any more\n"),
    ])
    func `steering says what was done to whom`(deed: Touched.Deed, clients: [String], text: String) {
        #expect(Touched(deed: deed, clients: clients).text(Self.plain) == text)
    }

    @Test func `empty lists say something useful`() {
        #expect([UnsyncedMessage]().text(Self.plain) == "nothing is waiting\n")
        #expect([ConflictMessage]().text(Self.plain) == "no open conflicts\n")
        #expect([LogMessage]().text(Self.plain) == "nothing has happened yet\n")
        #expect([ClientMessage]().text(Self.plain) == "no clients yet; `syncctl invite NAME` makes an invite for one\n")
        #expect(PathsResponse(paths: []).text(Self.plain) == "nothing is known to lie anywhere\n")
    }
}
