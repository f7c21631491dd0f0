import Arguments
import Testing

@testable import Console

@Suite struct ParsingTests {
    static let good: [(String, Request)] = [
        ("status", .status), ("clients", .clients), ("unsynced", .unsynced(nil)), ("unsynced pi", .unsynced("pi")),
        ("why a/b", .why(path: Array("a/b"))), ("log", .log(.init())),
        ("log --follow --limit 3", .log(.init(follow: true, limit: 3))), ("log --limit 1000", .log(.init(limit: 1000))),
        ("history a/b", .history(path: Array("a/b"), limit: 1_000)),
        ("history a --limit 3", .history(path: Array("a"), limit: 3)),
        ("conflicts", .conflicts), ("paths", .paths), ("invite pi", .invite(.init(client: "pi"))),
        ("invite pi --admin --valid 2h", .invite(.init(client: "pi", kind: .admin, valid: 7200))),
        (
            "invite phone --sftp-only --key k.pub",
            .invite(.init(client: "phone", kind: .sftpOnly(keyFile: Array("k.pub"))))
        ),
        (
            "invite guest --sftp-only --key k --read-only --subtree a",
            .invite(
                .init(
                    client: "guest", kind: .sftpOnly(keyFile: Array("k")), isReadOnly: true, subtree: Array("a")))
        ),
        ("invite pi --read-only", .invite(.init(client: "pi", isReadOnly: true))),
        ("revoke pi", .revoke("pi")), ("pause pi", .pause(.one("pi"), seconds: nil)),
        ("pause --all --for 1h30m", .pause(.all, seconds: 5400)), ("resume pi", .resume(.one("pi"))),
        ("resume --all", .resume(.all)), ("wait", .wait(.init())), ("wait --timeout 0", .wait(.init(timeout: 0))),
        ("--timeout 90 wait a --on pi,phone", .wait(.init(path: Array("a"), on: ["pi", "phone"], timeout: 90))),
    ]

    @Test(arguments: good)
    func `a command line becomes a request`(line: String, request: Request) throws {
        guard case .run(let invocation) = Syncctl.program.parse(words(line)) else {
            Issue.record("\(Syncctl.program.parse(words(line)))")
            return
        }
        #expect(try Errand(invocation) == Errand(request: request))
    }

    @Test(arguments: [
        ("pause", "'pause' needs the name of a client, or --all"), ("resume", "'resume' needs the name"),
        ("pause pi --all", "give a name or --all, not both"),
        ("pause pi --for 0", "--for takes a time longer than none"),
        ("pause pi --for never", "expected a duration"), ("invite", "'invite' needs NAME"),
        ("invite x --sftp-only", "--sftp-only needs --key"), ("invite x --key f", "--key goes with --sftp-only"),
        ("invite x --sftp-only --key f --admin", "--admin does not go with --sftp-only"),
        ("invite x --sftp-only --key f --valid 1h", "--valid does not go with"),
        ("invite x --admin --read-only", "--read-only does not go with --admin"),
        ("invite x --valid 0s", "--valid takes a time longer than none"), ("revoke", "'revoke' needs NAME"),
        ("why", "'why' needs PATH"), ("why a b", "unexpected argument 'b'"),
        ("log --limit 0", "--limit takes a number"), ("history", "'history' needs PATH"),
        ("history a --limit 1001", "--limit takes a number"),
        ("log --limit 1001", "--limit takes a number"), ("status --watch", "unknown option '--watch'"),
        ("top", "unknown command 'top'"), ("status --root a --home b", "not both"), ("status --root=", "--root needs"),
        ("wait --on a,,b", "expected words between commas"), ("", "a command is missing"),
        ("why /../x --root /nowhere/at/all --home x", "not both"),
    ])
    func `wrong usage is exit code 2 and says what is wrong`(line: String, problem: String) {
        let output = CapturedOutput()
        #expect(Syncctl.run(words(line), Surroundings(), output) == .wrongUsage)
        #expect(output.notes.contains(problem), "\(output.notes)")
        #expect(output.notes.contains("--help"))
        #expect(output.results == "")
    }

    @Test func `--json, --root and --home stand anywhere, as bytes`() throws {
        let home = Array("/h/") + [0xFF]
        guard case .run(let invocation) = Syncctl.program.parse([Array("--home"), home] + words("status --json"))
        else { throw Failure.failed("not parsed") }
        #expect(try Errand(invocation) == Errand(request: .status, asJSON: true, home: home))
    }

    @Test func `help and version are results`() {
        for (line, expected) in [("--help", "unsynced"), ("wait --help", "--timeout"), ("--version", "syncctl ")] {
            let output = CapturedOutput()
            #expect(Syncctl.run(words(line), Surroundings(), output) == .done)
            #expect(output.results.contains(expected) && output.results.hasSuffix("\n"))
            #expect(output.notes == "")
        }
    }

    @Test func `every command that is declared is built`() {
        for word in ["status", "clients", "unsynced", "log", "conflicts", "paths", "wait"] {
            let output = CapturedOutput()
            #expect(Syncctl.run(words("--root /nonexistent \(word)"), Surroundings(), output) == .notReachable)
        }
    }
}
