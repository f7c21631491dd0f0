import Journal
import Settings
import SyncCore

@testable import Agent
@testable import ControlAPI
@testable import Hub

/// What is really sent: what to begin with, and what `Corpus` has at least. `fuzz --seeds DIRECTORY` writes it there.
enum Seeds {
    private static let digest = Digest(bytes: (0..<32).map { UInt8($0) }) ?? .empty
    private static let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI" + String(repeating: "A", count: 43)
    private static let extras = Extras(
        owner: Array("jo".utf8), group: Array("staff".utf8),
        attributes: [Extras.Attribute(name: Array("user.origin".utf8), value: [0, 1, 255])])
    private static let file = Content.file(
        FileContent(digest: digest, size: 3, mode: Mode(0o644), mtime: 1_700_000_000_000_000_001))
    private static let full = Content.file(
        FileContent(digest: digest, size: 3, mode: Mode(0o600, extras: extras), mtime: -1))
    private static let link = Content.symlink(target: [0x2E, 0x2E, 0x2F, 0xFF], mtime: 5)

    private static func name(_ text: String) -> Name { try! Name(text) }  // SAFETY: names that are written here.
    private static func text(_ text: String) -> [UInt8] { Array(text.utf8) }

    /// Each with the letter that chooses its reader.
    private static func chosen(_ bodies: [[UInt8]]) -> [[UInt8]] {
        bodies.enumerated().map { [UInt8(ascii: "a") + UInt8($0)] + $1 }
    }

    private static let recipe = try! Recipe(  // SAFETY: a recipe that is written here.
        bases: [digest],
        pieces: [.copy(base: 0, offset: 10, length: 100), .new(length: 7), .copy(base: 0, offset: 0, length: 1)])

    static var commits: [[UInt8]] {
        func operation(_ number: Int64, _ change: Change, _ source: ContentSource? = nil) -> OperationMessage {
            OperationMessage(
                Operation(id: OperationID(generation: "g", number: number), change: change), source: source)
        }
        func request(_ operations: [OperationMessage]) -> CommitRequest {
            CommitRequest(epoch: "e", generation: "g", acknowledged: 3, operations: operations)
        }
        let created = OperationID(generation: "g", number: 1)
        let create = Change.create(in: .created(by: created), name: name("ä.txt"), content: file)
        let edit = Change.edit(NodeID(7), base: .first, content: full)
        let all: [[OperationMessage]] = [
            [
                operation(1, .create(in: .node(.root), name: name("docs"), content: .directory(Mode(0o755)))),
                operation(2, create, .behind(offset: 2)), operation(3, create, .known),
            ],
            [operation(4, edit, .staged(file: "pack-1", offset: 512)), operation(5, edit, .inline([1, 2, 3]))],
            [operation(6, edit, .recipe(recipe, file: "up-1", offset: 0))],
            [
                operation(7, .move(NodeID(7), base: .first, to: .node(NodeID(9)), name: try! Name([0xFF, 0x5C]))),
                operation(8, .delete(NodeID(7), contentBase: .first, locationBase: .first)),
                operation(9, .create(in: .node(.root), name: name("link"), content: link)),
            ],
        ]
        let bodies = all.map { WireFormat.encode(request($0)) }
        return bodies + [MessageWithBytes.join(bodies[0], [9, 9, 1, 2, 3])]
    }

    static var bodies: [[UInt8]] {
        let content = ContentKey(sha256: digest.hex, size: 3)
        let pending = PendingMessage(path: "a/ä\\xff", direction: .up, bytes: 7, reason: "waits")
        return chosen([
            WireFormat.encode(
                HelloRequest(version: "1.0", generation: "abcd", since: 7, chain: digest.hex, next: 9, machine: "m")),
            text(
                #"{"epoch":"e","cursor":5,"barrier":2,"pending":["#
                    + String(decoding: WireFormat.encode(pending), as: UTF8.self)
                    + #"],"up_count":1,"down_count":0,"bytes":7,"blocked":"full","merging":null,"mode":"two-way","#
                    + #""progress":{"done":{"files":1,"bytes":2},"left":{"files":3,"bytes":4},"rate":5,"seconds":6}}"#),
            WireFormat.encode(StagedRequest(files: ["up-1", "pack-2"], block: 1 << 20, from: 0, most: 5)),
            WireFormat.encode(
                LayOutRequest(
                    epoch: "e", items: [LayOutRequest.Item(node: 7, sha256: digest.hex, range: 3..<9)], anywhere: true)),
            WireFormat.encode(
                PrepareRequest(
                    epoch: "e", content: content, source: SourceMessage(.recipe(recipe, file: "up-1", offset: 3)),
                    wait: 5,
                    only: [digest.hex], growing: "ahead",
                    coming: ComingMessage(sha256: digest.hex, size: 9, through: 3, parent: 1, path: "a/b"))),
            WireFormat.encode(OfferRequest(content: content, staged: "up-1")),
            WireFormat.encode(HoldsMessage(contents: [content, content])),
            WireFormat.encode(RecipeRequest(epoch: "e", node: 7, sha256: digest.hex, have: [digest.hex])),
            WireFormat.encode(PathRequest(path: "photos/caf\u{E9}/a\\x00b")),
            WireFormat.encode(WaitRequest(path: "a/b", on: ["laptop"], timeout: 60)),
            WireFormat.encode(ClientRequest(client: "laptop", seconds: 3_600)),
            WireFormat.encode(LimitRequest(client: nil, all: true, up: "512k", down: "08:00,512k 23:00,off")),
            WireFormat.encode(HeldRequest(id: 4)),
            WireFormat.encode(
                InviteRequest(client: "phone", sftpOnly: true, key: key, valid: 3_600, subtree: "photos")),
            WireFormat.encode(JoinRequest(publicKey: key + " me@laptop", subtree: "photos")),
            WireFormat.encode(RotateRequest(publicKey: key)),
            WireFormat.encode(HistoryRequest(path: "photos/a.jpg", limit: 10)),
        ])
    }

    static var answers: [[UInt8]] {
        let node = Node(
            id: NodeID(5), location: Location(parent: .root, name: name("ä.txt")), content: full,
            contentVersion: .first, locationVersion: .first, seq: Sequence(9))
        let outcomes: [Outcome] = [
            .applied(node), .merged(node), .conflict(current: node, copy: node), .refused(.moved, current: nil),
            .contentMissing,
            .held(batch: 3),
        ]
        let messages = outcomes.enumerated().map { OutcomeMessage(number: Int64($0), $1) }
        let list = ChunkList(
            exponent: 16, chunks: [Chunk(length: 70_000, high: 1, low: 2), Chunk(length: 5, high: 3, low: 16)])
        return chosen([
            WireFormat.encode(CommitResponse(outcomes: messages, head: 9, chain: digest.hex)),
            WireFormat.encode(
                ChangesResponse(
                    epoch: "e", through: 9, chain: digest.hex, head: 9, nodes: [NodeMessage(node)],
                    contents: [InlineContent(digest, [1, 2, 3])], behind: [0],
                    paused: PauseMessage(until: "2026-11-22T01:02:03Z"),
                    barrier: 4, late: messages.map { LateOutcomeMessage(id: 1, outcome: $0) },
                    wanted: [ContentKey(sha256: digest.hex, size: 3)], wantedMark: 2, subtree: "photos",
                    limits: LimitsMessage(up: (try? Timetable("512k")) ?? .off, down: .off), coming: [], comingMark: 1)),
            WireFormat.encode(
                SnapshotResponse(
                    SnapshotPage(
                        after: .root, nodes: [node], through: NodeID(5), isLast: true, seq: Sequence(9),
                        collected: Sequence(0)),
                    epoch: "e", chain: nil)),
            WireFormat.encode(
                HelloResponse(
                    hub: "pi", version: "1", client: "laptop", epoch: "e", head: 9, known: true, setBack: false,
                    collected: 0,
                    staging: "staging/laptop", share: "share", maxOperations: 1_000, paused: nil, pack: 16 << 20)),
            WireFormat.encode(ExtentsResponse([0..<4_096, 8_192..<9_000])),
            WireFormat.encode(RecipeResponse(recipe: recipe, list: list.encoded)),
            WireFormat.encode(JoinResponse(client: "laptop", token: "t", subtree: "photos", readOnly: true)),
            WireFormat.encode(LayOutResponse(file: "laid-1", offsets: [0, 3, 9], directory: "d")),
            WireFormat.encode(
                StagedResponse(files: [StagedResponse.File(name: "up-1", size: 9, blocks: [digest.hex])])),
            WireFormat.encode(PrepareResponse(isReady: true)),
            WireFormat.encode(ErrorMessage(.badName, "a name must not be empty")),
        ])
    }

    static var invites: [[UInt8]] {
        [
            WireFormat.encode(
                InviteMessage(
                    hub: "pi", client: "laptop",
                    hosts: [.init(host: "pi.home", port: 2_222), .init(host: "fd00::1", port: 22)],
                    user: "sync", hostKey: key,
                    key: "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n",
                    expires: "2026-11-22T01:02:03Z", apiPort: 20_777))
        ]
    }

    static var configurations: [[UInt8]] {
        var hub = HubConfiguration(
            name: "pi", listen: "192.168.1.5", sftpPort: 2_222, apiPort: 20_777, hosts: ["pi.home"])
        hub.unconfined = .nobody
        var agent = AgentConfiguration(
            hub: "pi", hosts: [.init(host: "pi.home", port: 2_222), .init(host: "fd00::1", port: 22)], user: "sync",
            hostKey: key,
            apiPort: 20_777, client: "laptop", folder: "/home/jo/Sync")
        agent.ignore = ["*.iso", "/build/"]
        let short = "{name:'pi',sftp:{port:0x10},api:{port:2},/* */hosts:[\"\\u0041\",],}"
        return [
            [UInt8(ascii: "a")] + text(hub.text.text), [UInt8(ascii: "a")] + text(short),
            [UInt8(ascii: "b")] + text(agent.text.text),
        ]
    }

    static var clients: [[UInt8]] {
        let all = [
            ClientCredential(
                name: "laptop", kind: .agent, role: .admin, publicKey: key, tokenHash: digest.bytes,
                createdAt: 1_700_000_000,
                pause: .until(1_800_000_000), subtree: try? RelativePath(bytes: text("photos/2026"))),
            ClientCredential(
                name: "phone", kind: .sftp, role: .member, publicKey: key, tokenHash: nil, createdAt: 5, pause: nil),
        ]
        return [ClientsFile(all).text]
    }

    static var stored: [[UInt8]] {
        let list = ChunkList(
            exponent: 16, chunks: [Chunk(length: 70_000, high: 1, low: 2), Chunk(length: 5, high: 3, low: 16)])
        return chosen([recipe.encoded, list.encoded, extras.bytes])
    }

    static var names: [[UInt8]] {
        [
            text("photos/2026/caf\u{E9}.jpg"), text("a (conflict 2026-11-21 laptop 2).tar.gz"), text("../x"),
            text(".synchub-trash"),
            [0xFF, 0x5C, 0x2F, 0xED, 0xA0, 0x80, 0xF4, 0x90], text("a\\\\b\\x0a"), text("\u{202E}gpj.exe\u{85}"),
            [UInt8](repeating: 0xC3, count: 255),
        ]
    }

    static var lists: [[UInt8]] {
        [
            text("# all\n*.log\n!keep.log\n/build/\n**/node_modules\ndoc/**/x?\n\\#a\\ \n\u{0}build/keep.log"),
            text("[a-c]*[!x[:digit:]]\n[]-]\nfoo*\n\u{0}b/a1y"), text("a/**/**/b/**\r\n*a*b*c*d*\n\u{0}a/x/b/aabbccdd"),
            text("\u{FEFF}x\n!\n/\n\\\n[\u{0}x"),
        ]
    }

    static var sessions: [[UInt8]] {
        let records = [
            "open \"a/b.jpg\" flags WRITE,CREATE,TRUNCATE mode 0644", "close \"a/b.jpg\" bytes read 0 written 12345",
            "forced close \"x\" bytes read 1 written 2", "rename old \"/srv/share/a\" new \"b\"",
            "posix-rename old \"a\" new \"b\\303\\244\"", "remove name \"a\\\\b\"", "sent status No such file",
            "sent status Failure",
            "process_write: write \"x\": No space left on device", "Refusing open request in read-only mode",
            "session opened",
        ]
        return records.map { text("a" + $0 + "\r\n") } + [
            [UInt8(ascii: "a")] + text("synchub-sftp 1 phone /srv/share"),
            text("bname\" flags READ mode 0644\u{0}other\" new \"x"),
        ]
    }

    static var log: [[UInt8]] {
        [
            text("aroot"), text("ax\nAccepted publickey for sync from 192.0.2.1 port 4711 ssh2: ED25519 SHA256:abc"),
            text("bAccepted publickey for sync from 192.0.2.1 port 4711 ssh2: ED25519 SHA256:abc\n"),
            text("berror: kex_exchange_identification: read: Connection reset by peer\n"),
        ]
    }

    static var requests: [[UInt8]] {
        [
            text("GET /v1/changes?epoch=e&since=9&wait=55\nhost: localhost\nauthorization: Bearer abc\n"),
            text("POST /v1/commit?a=%41%c3%a4&b\nhost: LOCALHOST\ncontent-length: 17\ncookie: x"),
            text("POST /v1/commit\nhost: localhost\norigin: http://x\ntransfer-encoding: chunked"),
        ]
    }

    static var words: [[UInt8]] {
        let grant = SFTPGrant(
            client: try! ClientName("phone"), kind: .sftp,  // SAFETY: a name that is written here.
            reach: ShareReach(part: SharePart(path: RelativePath([name("photos")]), directory: nil)))
        return chosen([
            text("08:00,512k 23:00,off"), text("2026-11-22T01:02:03.5+02:00"), text(key + " me@laptop"),
            text("my-laptop_2.x"),
            text(digest.hex),
            text("\(grant.client) sftp \(grant.words.last == "gone" ? grant.words[grant.words.count - 3] : "") gone"),
            text("  sl  local_address rem_address   st\n   0: 0100007F:0016 00000000:0000 0A 0:0 0:0 0 0 0 12345 1\n"),
            text(key),
            text(
                "=;eth0;IPv4;SyncHub\\032pi;_sync-hub._tcp;local;pi.local;192.168.1.5;2222;\"hub=pi\" \"fp=SHA256:a\"\n"
                    + "=;eth0;IPv6;pi;_sync-hub._tcp;local;pi.local;fe80::1;2222;\"fp=SHA256:a\"\n"),
        ])
    }
}
