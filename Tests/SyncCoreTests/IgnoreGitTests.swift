import Processes
import SyncCore
import TestSupport
import Testing

/// The rules beside the program whose rules they are.
@Suite struct IgnoreGitTests {
    /// A tree in which the patterns' letters meet in many ways; `/` at the end: a directory.
    private static let paths: [String] = {
        var found: [String] = []
        func grow(_ prefix: String, _ depth: Int) {
            for name in ["a", "b", "ab", "a.c", "b c", "#a", "[b]", "é"] { found.append(prefix + name) }
            guard depth > 0 else { return }
            for name in ["x", "xa", "x.c"] {
                found.append(prefix + name + "/")
                grow(prefix + name + "/", depth - 1)
            }
        }
        grow("", 2)
        return found
    }()

    private static let pieces = [
        "a", "b", "x", "a", "x", ".c", "c", "*", "?", "**", "/", "/", "/", "[ab]", "[!a]", "[a-c]", "[^x.]",
        "[[:alpha:]]",
        "\\", "\\ ", " ", "#", "é", "!", "**/", "/**", "/**/", "xa",
    ]

    private static func line(_ random: inout SeededRandom) -> String {
        var line = random.next() % 5 == 0 ? "!" : ""
        for _ in 0...(random.next() % 4) { line += pieces[Int(random.next() % UInt64(pieces.count))] }
        return line
    }

    /// git 2.39 cuts the literal beginning of a pattern off before it looks for `**`, and so takes `a**/b` for
    /// `**/b`; its documentation says otherwise.
    private static func isWellKnownDifference(_ line: String) -> Bool {
        guard let stars = line.utf8.indices.first(where: { line.utf8[$0...].starts(with: "**".utf8) }) else {
            return false
        }
        let before = line.utf8[..<stars].drop { $0 == UInt8(ascii: "!") }
        guard let last = before.last, last != UInt8(ascii: "/") else { return false }
        return !before.contains { "*?[\\".utf8.contains($0) }
    }

    @Test func `generated rules ignore what git ignores`() throws {
        let seed = SeededRandom.seedFromEnvironment()
        var random = SeededRandom(seed: seed)
        let directory = TemporaryDirectory()
        let git = try Repository(directory)
        for path in Self.paths {
            if path.hasSuffix("/") { directory.makeDirectory(String(path.dropLast())) }
        }
        for path in Self.paths where !path.hasSuffix("/") { directory.write("", to: path) }
        var ignored = 0
        for _ in 0..<150 {
            var files: [String: String] = [:]
            for place in ["", "x", "x/xa"] where place.isEmpty || random.next() % 2 == 0 {
                let lines = (0...(random.next() % 3)).map { _ in Self.line(&random) }
                files[place] = lines.filter { !Self.isWellKnownDifference($0) }.joined(separator: "\n") + "\n"
            }
            for place in ["", "x", "x/xa"] {
                directory.write(files[place] ?? "", to: place.isEmpty ? ".gitignore" : "\(place)/.gitignore")
            }
            let expected = try git.ignored(Self.paths)
            let found = try Set(Self.paths.filter { try Self.isIgnored($0, by: files) })
            #expect(found == expected, "SYNC_SEED=\(seed): \(files)")
            if found != expected { return }
            ignored += found.count
        }
        // The rules are such that something comes of them.
        #expect(ignored > 1_000, "SYNC_SEED=\(seed)")
    }

    private static func isIgnored(_ path: String, by files: [String: String]) throws -> Bool {
        let names = try RelativePath(bytes: Array(path.utf8)).names
        var rules = DirectoryRules.top(file: files[""].map { IgnoreList(Array($0.utf8), origin: .file) })
        var above = ""
        for name in names.dropLast() {
            above += (above.isEmpty ? "" : "/") + name.description
            rules = rules.entering(name, file: files[above].map { IgnoreList(Array($0.utf8), origin: .file) })
        }
        return try rules.match(#require(names.last), isDirectory: path.hasSuffix("/")) != nil
    }
}

/// A repository that nobody's settings reach.
private struct Repository {
    private let directory: TemporaryDirectory
    private let program: String
    private var environment: [String: String] {
        [
            "HOME": directory.path, "GIT_CONFIG_NOSYSTEM": "1", "PATH": "/usr/bin:/bin",
            "XDG_CONFIG_HOME": directory.path,
        ]
    }

    init(_ directory: TemporaryDirectory) throws {
        self.directory = directory
        program = try #require(findExecutable("git"))
        let made = try run(program, ["init", "--quiet"], environment: environment, directory: directory.path)
        #expect(made.status == .exited(0), "\(made.errorText)")
    }

    /// Directories are asked for without the slash at their end, and known by lying there: with it, check-ignore takes
    /// the directory for a nameless thing inside itself.
    func ignored(_ paths: [String]) throws -> Set<String> {
        let directories = Set(paths.filter { $0.hasSuffix("/") }.map { $0.dropLast() })
        let input: [UInt8] = Array(
            paths.map { Array(($0.hasSuffix("/") ? $0.dropLast() : $0[...]).utf8) + [0] }.joined())
        let answer = try run(
            program, ["check-ignore", "--no-index", "--stdin", "-z"], environment: environment,
            directory: directory.path, input: input)
        let isDone = answer.status == .exited(0) || answer.status == .exited(1)
        #expect(isDone, "\(answer.errorText)")
        let found = answer.output.split(separator: UInt8(0)).map { String(decoding: $0, as: UTF8.self) }
        return Set(found.map { directories.contains($0[...]) ? $0 + "/" : $0 })
    }
}
