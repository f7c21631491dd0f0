import ControlAPI

/// Values with something of everything: wide and combining characters, escapes, what a hostile name could hold.
enum Samples {
    /// 2026-01-02T03:04:05Z.
    static let now: Int64 = 1_767_323_045

    static let status = StatusResponse(
        hub: .init(name: "home", version: "0.1.0", seq: 42, files: 1, bytes: 1_234, share: "/srv/synchub/share"),
        clients: [
            .init(
                name: "laptop", kind: .agent, state: .inSync, cursor: 42, behind: 0,
                unsynced: .init(up: 0, down: 0, bytes: 0), lastSeen: "2026-01-02T03:04:04Z", pausedUntil: nil),
            .init(
                name: "書斎", kind: .agent, state: .syncing, cursor: 40, behind: 2,
                unsynced: .init(up: 1, down: 12, bytes: 5_600_000), lastSeen: "2026-01-02T03:01:00Z", pausedUntil: nil),
            .init(
                name: "pi", kind: .agent, state: .paused, cursor: 7, behind: 35,
                unsynced: .init(up: 0, down: 0, bytes: 0), lastSeen: nil, pausedUntil: "2026-01-02T05:04:05Z"),
            .init(
                name: "phone", kind: .sftp, state: .revoked, cursor: 0, behind: 0,
                unsynced: .init(up: 0, down: 0, bytes: 0), lastSeen: "2025-12-30T03:04:05Z", pausedUntil: nil),
        ], conflicts: 2)

    static let empty = StatusResponse(
        hub: .init(name: "home", version: "0.1.0", seq: 0, files: 0, bytes: 0, share: "/s"), clients: [], conflicts: 0)

    static let clients = [
        ClientMessage(
            name: "laptop", kind: .agent, role: "admin", state: .inSync, fingerprint: "SHA256:abc",
            since: "2026-01-01T00:00:00Z", lastSeen: "2026-01-02T03:04:05Z"),
        ClientMessage(
            name: "new", kind: .agent, role: "agent", state: .offline, fingerprint: nil, since: "2026-01-02T03:00:00Z",
            lastSeen: nil),
    ]

    static let unsynced = [
        UnsyncedMessage(
            client: "laptop", path: "cafe\u{301}/日本.txt", pathB64: nil, direction: .up, bytes: 999, reason: "settling"),
        UnsyncedMessage(
            client: "pi", path: #"a\xff\x1b[31m\\"#, pathB64: "Yf8bWzMxbVw=", direction: .down, bytes: 1_000,
            reason: "offline"),
        UnsyncedMessage(
            client: "pi", path: "c1\u{9B}31m bidi\u{202E}", pathB64: nil, direction: .down, bytes: 0,
            reason: "evil\u{1B}]0;x\u{7}"),
    ]

    static let why = WhyResponse(
        path: "a.txt", synced: false, sentence: "a.txt waits for one of 2 clients",
        clients: [
            .init(client: "laptop", synced: true, reason: "has it"),
            .init(client: "pi", synced: false, reason: "offline since yesterday"),
        ])

    static let log = [
        LogMessage(
            seq: 9, at: "2026-01-02T03:04:05Z", client: "laptop", change: "edit", path: "a.txt", pathB64: nil,
            from: nil,
            kind: "file", bytes: 12),
        LogMessage(
            seq: 10, at: "2026-01-02T03:04:06Z", client: "pi", change: "move", path: "b/c", pathB64: nil, from: "c",
            kind: "directory", bytes: 0),
    ]

    static let history = [
        HistoryMessage(
            version: 1, seq: 3, sha256: "ab", size: 12, mtime: "2026-01-02T03:04:00Z", client: "laptop",
            at: "2026-01-02T03:04:05Z", state: .gone, change: "create", kind: "file", path: "b.txt", pathB64: nil),
        HistoryMessage(
            version: 2, seq: 9, sha256: "cd", size: 1_300, mtime: "2026-01-02T03:04:00Z", client: "phone",
            at: "2026-01-02T03:04:06Z", state: .current, change: "edit", kind: "file", path: "a.txt", pathB64: nil),
        HistoryMessage(
            version: 1, seq: 10, sha256: nil, size: 0, mtime: nil, client: "evil\u{1B}", at: "2026-01-02T03:04:07Z",
            state: .deleted, change: "delete", kind: "directory", path: "a.txt", pathB64: nil),
    ]

    static let conflicts = [
        ConflictMessage(
            path: "a.txt", pathB64: nil, copy: "a (conflict 2026-01-02 pi).txt", copyB64: nil, client: "pi",
            at: "2026-01-02T03:04:05Z")
    ]

    static let paths = PathsResponse(paths: [
        .init(what: "folder", path: "/home/me/Sync"), .init(what: "home", path: "/home/me/.local/state/synchub"),
    ])

    static let invite = InviteMessage(
        hub: "home", client: "pi", hosts: [.init(host: "192.0.2.1", port: 2222)], user: "sync",
        hostKey: "ssh-ed25519 AAAA", key: "-----BEGIN\nX\n-----END\n", expires: "2026-01-02T04:04:05Z", apiPort: 8080)

    static let sftp = InviteResponse.Connection(
        user: "sync", hosts: [.init(host: "192.0.2.1", port: 2222), .init(host: "fe80::1", port: 22)],
        fingerprint: "SHA256:xyz")
}
