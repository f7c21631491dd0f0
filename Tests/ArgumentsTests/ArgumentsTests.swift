import Arguments
import Testing

/// A program much like ours, to be told things.
let program = Program(
    name: "tool", summary: "keep tools sharp", version: "1.2",
    commonOptions: [.value("root", "DIR", as: .bytes, "where things are"), .flag("json", "print JSON")],
    commands: [
        Command(name: "status", group: "Look", summary: "show how it is", options: [.flag("watch", "keep showing")]),
        Command(
            name: "wait", summary: "wait until done",
            options: [
                .value("timeout", "S", as: .duration, "give up after this long"),
                .value("on", "NAME,...", as: .list, "those"),
                .value("port", "N", as: .port, "where"), .value("ignore", "PATTERN", repeats: true, "leave out"),
            ],
            positionals: [.optional("PATH", as: .bytes, "what to wait for")]),
        Command(
            name: "restore", summary: "bring an old version back",
            details:
                "The current one is kept as a version, too, so that nothing is ever lost by bringing an old one back.",
            options: [
                .value("version", "V", as: .count, "which"),
                .value("keep", "WHICH", as: .choice(["copy", "both"]), "what stays"),
            ],
            positionals: [.required("PATH", as: .bytes, "what to restore"), .variadic("MORE", "others")]),
    ])

func parse(_ line: String) -> ParseResult {
    program.parse(line.split(separator: " ").map { Array($0.utf8) })
}

/// The invocation that these words make; throws what they make otherwise.
func invocation(_ line: String) throws -> Invocation {
    guard case .run(let invocation) = parse(line) else {
        throw Unexpected(result: "\(parse(line))")
    }
    return invocation
}

struct Unexpected: Error {
    let result: String
}

@Suite struct ArgumentsTests {
    @Test(arguments: [
        "--root /srv status --json --watch", "status --watch --json --root=/srv", "--watch --json --root /srv status",
    ])
    func `options stand before or after the command`(line: String) throws {
        let invocation = try invocation(line)
        #expect(invocation.command == "status")
        #expect(invocation.bytes("root") == Array("/srv".utf8))
        #expect(invocation.has("json") && invocation.has("watch"))
    }

    @Test func `what is not given is nil or empty`() throws {
        let invocation = try invocation("wait")
        #expect(invocation.bytes("PATH") == nil)
        #expect(invocation.seconds("timeout") == nil)
        #expect(invocation.list("on") == [])
        #expect(!invocation.has("json"))
    }

    @Test func `values are typed`() throws {
        let wait = try invocation("wait a/b --timeout 1m30s --on pi,laptop --port=0 --ignore x --ignore=y=z")
        #expect(wait.bytes("PATH") == Array("a/b".utf8))
        #expect(wait.seconds("timeout") == 90)
        #expect(wait.list("on") == ["pi", "laptop"])
        #expect(wait.port("port") == 0)
        #expect(wait.texts("ignore") == ["x", "y=z"])
        let restore = try invocation("restore a --version 7 --keep both b c")
        #expect(restore.count("version") == 7)
        #expect(restore.text("keep") == "both")
        #expect(restore.texts("MORE") == ["b", "c"])
    }

    @Test func `two dashes end the options, one dash alone is a word`() throws {
        #expect(try invocation("wait -- --json").bytes("PATH") == Array("--json".utf8))
        #expect(try invocation("-- wait -x").bytes("PATH") == Array("-x".utf8))
        #expect(try invocation("wait -").bytes("PATH") == Array("-".utf8))
    }

    @Test func `a path need not be UTF-8, text must be`() throws {
        let path: [UInt8] = [0x61, 0xFF]
        guard case .run(let invocation) = program.parse([Array("wait".utf8), path]) else {
            throw Unexpected(result: "")
        }
        #expect(invocation.bytes("PATH") == path)
        let ignore = Array("--ignore=".utf8) + path
        guard case .wrongUsage(let message) = program.parse([Array("wait".utf8), ignore])
        else { throw Unexpected(result: "") }
        #expect(message.contains("is not UTF-8"))
    }

    @Test(arguments: [
        ("staus", "unknown command 'staus'; did you mean 'status'?"),
        ("stat", "unknown command 'stat'; did you mean 'status'?"),
        ("zzz", "unknown command 'zzz'."),
        ("", "a command is missing."),
        ("--json", "a command is missing."),
        ("status --wacth", "unknown option '--wacth'; did you mean '--watch'?"),
        ("wait --watch", "unknown option '--watch'."),
        ("--watch wait", "'wait' has no option '--watch'."),
        ("status -w", "unknown option '-w'; if it is a name, put '--' before it."),
        ("status --json=yes", "--json takes no value."),
        ("wait --timeout", "--timeout needs a value: --timeout S."),
        ("wait --timeout --json", "--timeout needs a value: --timeout S."),
        ("wait --timeout soon", "--timeout: expected a duration such as 90s, 15m, 2h or 1d12h, not 'soon'."),
        ("wait --port 65536", "--port: expected a port from 0 to 65535, not '65536'."),
        ("wait --on a,,b", "--on: expected words between commas, not 'a,,b'."),
        ("wait --port 1 --port 2", "--port is given twice."),
        ("restore a --version -1", "--version: expected a whole number from 0 up, not '-1'."),
        ("restore a --version=+1", "--version: expected a whole number from 0 up, not '+1'."),
        ("restore a --keep none", "--keep: expected 'copy' or 'both', not 'none'."),
        ("restore", "'restore' needs PATH: what to restore."),
        ("wait a b", "unexpected argument 'b'."),
        ("status \u{1B}[31m", "unexpected argument '\u{FFFD}[31m'."),
    ])
    func `wrong usage names what is wrong`(line: String, problem: String) throws {
        guard case .wrongUsage(let message) = parse(line) else { throw Unexpected(result: "\(parse(line))") }
        let lines = message.split(separator: "\n")
        #expect(lines.first.map(String.init) == "tool: \(problem)")
        let word = ["status", "wait", "restore"].first { line.split(separator: " ").map(String.init).contains($0) }
        #expect(lines.last == "Try 'tool \(word.map { $0 + " " } ?? "")--help'.")
    }

    @Test(arguments: ["--version", "status --version", "--version status", "--json --version"])
    func `the version is a result`(line: String) throws {
        guard case .version(let text) = parse(line) else { throw Unexpected(result: "\(parse(line))") }
        #expect(text == "tool 1.2")
    }

    @Test func `a command may have a --version of its own`() throws {
        #expect(try invocation("restore a --version 3").count("version") == 3)
        guard case .version = parse("--version") else { throw Unexpected(result: "") }
    }

    @Test(arguments: ["--help", "-h", "--nonsense --help", "nonsense --help"])
    func `help of the program lists the commands`(line: String) throws {
        guard case .help(let text) = parse(line) else { throw Unexpected(result: "\(parse(line))") }
        #expect(
            text == """
                tool: keep tools sharp

                Usage: tool COMMAND [ARGUMENTS] [OPTIONS]

                Look:
                  status   show how it is

                Commands:
                  wait     wait until done
                  restore  bring an old version back

                Options:
                  --root DIR  where things are
                  --json      print JSON
                  --help      Show this help
                  --version   Show the version of tool

                'tool COMMAND --help' tells more about a command.
                """)
    }

    @Test(arguments: ["restore --help", "--help restore", "restore a b --keep never -h"])
    func `help of a command tells its usage`(line: String) throws {
        guard case .help(let text) = parse(line) else { throw Unexpected(result: "\(parse(line))") }
        #expect(
            text == """
                tool restore: bring an old version back

                Usage: tool restore PATH [MORE...] [--version V] [--keep WHICH]

                The current one is kept as a version, too, so that nothing is ever lost by
                bringing an old one back.

                Arguments:
                  PATH  what to restore
                  MORE  others

                Options:
                  --version V   which
                  --keep WHICH  what stays
                  --root DIR    where things are
                  --json        print JSON
                  --help        Show this help
                """)
    }

    @Test func `a command's own wrong usage looks like the others`() {
        #expect(
            program.wrongUsage("give a name or --all", command: "wait")
                == "tool: give a name or --all.\nTry 'tool wait --help'.")
    }

    @Test func `exit codes are those that scripts know`() {
        let codes: [ExitCode] = [.done, .failed, .wrongUsage, .notReachable, .noSuchThing, .timedOut]
        #expect(codes.map(\.rawValue) == [0, 1, 2, 3, 4, 5])
    }
}
