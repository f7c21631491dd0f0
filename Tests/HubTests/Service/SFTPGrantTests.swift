import FileTree
import Glibc
import Processes
import SyncCore
import TestSupport
import Testing

@testable import Hub

@Suite("What a key lets a session do")
struct SFTPGrantTests {
    private static let layout = HubLayout(root: "/hub")
    private static let part = SharePart(
        path: try! RelativePath(bytes: Array("a/b".utf8)), directory: FileIdentity(device: 7, inode: 9))

    private static func grant(
        _ kind: SFTPGrant.Kind, readOnly: Bool = false, part: SharePart? = nil
    ) throws -> SFTPGrant {
        SFTPGrant(
            client: try ClientName("pi"), kind: kind, reach: ShareReach(isReadOnly: readOnly, part: part))
    }

    /// Kind, read-only, in a part; what is open below which directory; where it starts; what it may ask for.
    static let table: [(SFTPGrant.Kind, Bool, Bool, [String], String, String)] = [
        (.agent, false, false, ["read /hub/share", "fill /hub/staging/pi", "remove /m", "read /c"], "/hub", "files"),
        (.agent, true, false, ["read /hub/share", "remove /hub/staging/pi", "remove /m", "read /c"], "/hub", "files"),
        (
            .agent, false, true, ["read /hub/share/a/b 7:9", "fill /hub/staging/pi", "remove /m", "read /c"], "/hub",
            "files"
        ),
        (
            .agent, true, true, ["read /hub/share/a/b 7:9", "remove /hub/staging/pi", "remove /m", "read /c"], "/hub",
            "files"
        ),
        (.sftp, false, false, ["change /hub/share"], "/hub/share", "all"),
        (.sftp, true, false, ["read /hub/share"], "/hub/share", "reading"),
        (.sftp, false, true, ["change /hub/share/a/b 7:9"], "/hub/share/a/b", "all"),
        (.sftp, true, true, ["read /hub/share/a/b 7:9"], "/hub/share/a/b", "reading"),
    ]

    @Test(arguments: table)
    func `a session gets what its grant says and nothing else`(
        _ kind: SFTPGrant.Kind, _ isReadOnly: Bool, _ isInPart: Bool, _ openings: [String], _ start: String,
        _ requests: String
    ) throws {
        let grant = try Self.grant(kind, readOnly: isReadOnly, part: isInPart ? Self.part : nil)
        let plan = try SessionPlan(grant, Self.layout, coming: "/c", packs: "/m")
        let found = plan.openings.map { opening in
            "\(opening.use) \(Escaping.text(opening.path))"
                + (opening.directory.map { " \($0.device):\($0.inode)" } ?? "")
        }
        #expect(found == openings)
        #expect(Escaping.text(plan.start) == start)
        let kinds: String =
            switch plan.requests {
            case .only(let names): names == SessionPlan.agentRequests ? "files" : "others"
            case .reading: "reading"
            case .all: "all"
            }
        #expect(kinds == requests)
    }

    @Test func `a part that is gone opens nothing`() throws {
        for kind in SFTPGrant.Kind.allCases {
            let gone = SharePart(path: Self.part.path, directory: nil)
            let error = #expect(throws: PartIsGone.self) {
                try SessionPlan(Self.grant(kind, part: gone), Self.layout)
            }
            #expect(error?.description.contains("'a/b'") == true)
        }
    }

    @Test func `a grant is read from a forced command as it was written`() throws {
        let odd = SharePart(
            path: try RelativePath(bytes: [0x61, 0x2F, 0xFF, 0x27, 0x0A]),
            directory: FileIdentity(device: 0, inode: .max))
        let gone = SharePart(path: Self.part.path, directory: nil)
        for kind in SFTPGrant.Kind.allCases {
            for isReadOnly in [false, true] {
                for part in [nil, Self.part, odd, gone] {
                    let grant = try Self.grant(kind, readOnly: isReadOnly, part: part)
                    let words = grant.words
                    func value(_ option: String) -> String? {
                        words.firstIndex(of: option).map { words[$0 + 1] }
                    }
                    let read = try SFTPGrant(
                        client: value("--client") ?? "", kind: value("--kind"),
                        isReadOnly: words.contains("--read-only"),
                        part: value("--part"), inode: value("--inode"))
                    #expect(read == grant)
                    #expect(words.allSatisfy { ShellWord($0).description == $0 || $0.contains(":") }, "\(words)")
                }
            }
        }
    }

    @Test(
        arguments: [
            ("", "1:2"), ("zz", "1:2"), ("6", "1:2"), ("2f", "1:2"), ("2e2e", "1:2"), ("61", ""), ("61", "1"),
            ("61", "1:"),
            ("61", "1:2:3"), ("61", "-1:2"), ("61", "1:x"), ("61", nil), (nil, "1:2"),
        ] as [(String?, String?)])
    func `a damaged part opens nothing`(_ part: String?, _ inode: String?) {
        #expect(throws: SFTPGrantError.self) {
            try SFTPGrant(client: "pi", kind: "sftp", isReadOnly: false, part: part, inode: inode)
        }
    }

    @Test func `an unknown kind, or a client's name that means something else, opens nothing`() {
        #expect(throws: SFTPGrantError.kind) {
            try SFTPGrant(client: "pi", kind: "root", isReadOnly: false, part: nil, inode: nil)
        }
        #expect(throws: ClientNameError.self) {
            try SFTPGrant(client: "../other", kind: "agent", isReadOnly: false, part: nil, inode: nil)
        }
    }

    @Test func `what is asked of sftp-server are names that it knows`() throws {
        // One that is misspelt among those that are denied would be served.
        let known = try Processes.run(HostTools.find(.sftpServer), ["-Q", "requests"]).outputText.split(separator: "\n")
        for name in SessionPlan.agentRequests + SessionPlan.byName + ["fsetstat"] {
            #expect(known.contains { $0 == name }, "\(name)")
        }
        for name in ["rename", "posix-rename", "hardlink", "symlink", "mkdir", "rmdir", "setstat", "copy-data"] {
            #expect(!SessionPlan.agentRequests.contains(name))
        }
    }

    @Test func `attributes are set by name only where nothing else can be reached so`() throws {
        let plan = try SessionPlan(Self.grant(.sftp), Self.layout)
        func denied(_ isReadOnlyElsewhere: Bool, isRoot: Bool) -> [String] {
            let strength = Confinement.Strength(abi: 6, isReadOnlyElsewhere: isReadOnlyElsewhere)
            return Array(plan.arguments(strength, isRoot: isRoot).drop { $0 != "-P" })
        }
        #expect(denied(true, isRoot: true) == [])
        #expect(denied(false, isRoot: false) == ["-P", "setstat,lsetstat"])
        #expect(denied(false, isRoot: true) == ["-P", "setstat,lsetstat,fsetstat"])
        let reading = try SessionPlan(Self.grant(.sftp, readOnly: true), Self.layout)
        #expect(reading.arguments(Confinement.Strength(abi: 6, isReadOnlyElsewhere: true), isRoot: true).last == "-R")
    }

    // MARK: A kernel that cannot confine

    /// Whose session goes on under which setting: agent, agent of a part, read-only agent, phone.
    @Test(arguments: [
        (UnconfinedSessions.nobody, "----"), (.members, "w---"), (.everybody, "wwww"),
    ])
    func `without Landlock members go on with a warning, others do not`(
        _ unconfined: UnconfinedSessions, _ expected: String
    ) throws {
        let grants = [
            try Self.grant(.agent), try Self.grant(.agent, part: Self.part), try Self.grant(.agent, readOnly: true),
            try Self.grant(.sftp),
        ]
        let nothing = Confinement.Strength(abi: nil, isReadOnlyElsewhere: true)
        #expect(
            grants.map { Self.letter(ConfinementRule.verdict(nothing, $0, unconfined, isRoot: false)) }.joined()
                == expected)
        for grant in grants {
            let confined = Confinement.Strength(abi: 3, isReadOnlyElsewhere: false)
            #expect(ConfinementRule.verdict(confined, grant, unconfined, isRoot: true) == .goesOn)
        }
    }

    @Test func `a kernel that would let a restricted agent empty files is as one without Landlock`() throws {
        let old = Confinement.Strength(abi: 2, isReadOnlyElsewhere: false)
        let readOnly = try Self.grant(.agent, readOnly: true)
        #expect(Self.letter(ConfinementRule.verdict(old, readOnly, .members, isRoot: false)) == "-")
        let mounted = Confinement.Strength(abi: 2, isReadOnlyElsewhere: true)
        for isRoot in [false, true] {
            #expect(ConfinementRule.verdict(mounted, readOnly, .members, isRoot: isRoot) == .goesOn)
        }
        #expect(ConfinementRule.verdict(old, try Self.grant(.agent), .members, isRoot: false) == .goesOn)
        let reading = try Self.grant(.sftp, readOnly: true)
        #expect(ConfinementRule.verdict(old, reading, .members, isRoot: false) == .goesOn)
    }

    @Test func `a kernel that would let root's session empty /etc/passwd is as one without Landlock, for everybody`()
        throws
    {
        let old = Confinement.Strength(abi: 2, isReadOnlyElsewhere: false)
        let grants = [try Self.grant(.agent), try Self.grant(.agent, readOnly: true), try Self.grant(.sftp)]
        let letters = grants.map { Self.letter(ConfinementRule.verdict(old, $0, .members, isRoot: true)) }
        #expect(letters.joined() == "w--")
    }

    @Test func `a refusal says what would let the device in`() throws {
        let nothing = Confinement.Strength(abi: nil, isReadOnlyElsewhere: false)
        guard
            case .refused(let phone) = ConfinementRule.verdict(nothing, try Self.grant(.sftp), .members, isRoot: false),
            case .refused(let agent) = ConfinementRule.verdict(nothing, try Self.grant(.agent), .nobody, isRoot: false)
        else {
            Issue.record("nothing was refused")
            return
        }
        #expect(phone.contains("no Landlock") && phone.contains(#"unconfined: "everybody""#))
        #expect(agent.contains(#"unconfined: "members""#))
    }

    @Test(
        arguments: [
            (nil, UnconfinedSessions.nobody, Finding.Level.wrong, "nobody gets SFTP"),
            (nil, .members, .note, "phones and restricted devices are refused"),
            (nil, .everybody, .note, "every device could read"),
            (2, .members, .good, "ABI 2; setting attributes"), (3, .members, .good, "ABI 3; files only"),
            (5, .nobody, .good, "ABI 5; files and TCP"), (7, .everybody, .good, "ABI 7; files, TCP and signals"),
        ] as [(Int?, UnconfinedSessions, Finding.Level, String)])
    func `check says what the kernel can do, and what follows`(
        _ abi: Int?, _ unconfined: UnconfinedSessions, _ level: Finding.Level, _ text: String
    ) {
        let finding = ConfinementRule.finding(abi: abi, unconfined)
        #expect(finding.level == level)
        #expect(finding.text.contains(text), "\(finding.text)")
        #expect((ConfinementRule.consequence(abi: abi, unconfined) == nil) == (abi != nil))
    }

    private static func letter(_ verdict: ConfinementRule.Verdict) -> String {
        switch verdict {
        case .goesOn: "+"
        case .warned: "w"
        case .refused: "-"
        }
    }

    // MARK: Texts

    @Test func `a key's forced command carries the grant, and the setting if it is another one`() throws {
        let key = AuthorizedKey(
            client: try ClientName("pi"), key: try PublicKey(line: ServiceTextTests.key), access: .sftp,
            reach: ShareReach(isReadOnly: true, part: Self.part))
        func line(_ unconfined: UnconfinedSessions) -> String {
            let text = AuthorizedKeysText(
                program: "/bin/synchub", layout: HubLayout(root: "/srv/hub"), apiPort: 7, unconfined: unconfined)
            return String(text.render([key]).split(separator: "\n")[1])
        }
        let command =
            "restrict,command=\"/bin/synchub sftp --root /srv/hub --client pi --kind sftp --read-only --part 612f62 "
            + "--inode '7:9'"
        #expect(line(.members) == "\(command)\" \(ServiceTextTests.key) pi")
        #expect(line(.nobody) == "\(command) --unconfined nobody\" \(ServiceTextTests.key) pi")
    }

    @Test func `hub.json5 says who goes on unconfined`() throws {
        try withTemporaryDirectory { directory in
            let layout = HubLayout(root: directory.path)
            var written = HubConfiguration(name: "x", sftpPort: 1, apiPort: 2)
            written.unconfined = .nobody
            try written.write(to: layout)
            #expect(try HubConfiguration.load(layout).unconfined == .nobody)
            directory.write("{ name: 'x', sftp: { port: 1, unconfined: 'me' }, api: { port: 2 } }", to: "hub.json5")
            let error = #expect(throws: (any Error).self) { try HubConfiguration.load(layout) }
            #expect(error.map { "\($0)" }?.contains("sftp.unconfined: expected") == true)
        }
    }
}
