import ControlAPI
import Glibc
import TestSupport
import Testing

@testable import Console

@Suite struct SharePathsTests {
    /// `folder/` with `docs/a.txt` and a link out of it, and `elsewhere/`.
    let directory = TemporaryDirectory()

    init() {
        directory.makeDirectory("folder/docs")
        directory.makeDirectory("elsewhere")
        directory.write("x", to: "folder/docs/a.txt")
        directory.write("x", to: "elsewhere/b.txt")
        symlink(directory.path("elsewhere"), directory.path("folder/link"))
        symlink(directory.path("folder"), directory.path("also"))
    }

    private func wirePath(
        _ argument: [UInt8], from here: String, _ target: Target = .agent(home: [])
    ) throws -> (path: String, asked: [Route]) {
        let answer = PathsResponse(paths: [
            .init(what: "folder", path: directory.path("folder")), .init(what: "share", path: directory.path("folder")),
        ])
        let calls = FakeCalls { _ in WireFormat.encode(answer) }
        let paths = SharePaths(target: target, workingDirectory: Array(directory.path(here)))
        return (try paths.wirePath(argument, calls), calls.asked)
    }

    @Test(arguments: [
        ("elsewhere", "docs/a.txt", "docs/a.txt"), ("elsewhere", "gone", "gone"), ("elsewhere", "docs/", "docs"),
        ("folder", "docs/a.txt", "docs/a.txt"), ("folder/docs", "a.txt", "docs/a.txt"),
        ("folder/docs", "docs/a.txt", "docs/a.txt"), ("folder/docs", "./gone", "docs/gone"),
        ("folder/docs", "../gone", "gone"), ("folder/docs", ".", "docs"), ("folder/docs", "..", ""),
        ("folder/docs", "../../elsewhere/../folder/docs", "docs"), ("elsewhere", "../also/docs/a.txt", "docs/a.txt"),
        ("folder", "link/b.txt", "link/b.txt"), ("folder", "link", "link"), ("elsewhere", "b.txt", "b.txt"),
        ("elsewhere", "", ""),
    ])
    func `a path is relative to the share, or lies in the folder as seen from here`(
        here: String, argument: String, path: String
    ) throws {
        #expect(try wirePath(Array(argument), from: here).path == path)
        #expect(try wirePath(Array(argument), from: here, .hub(root: [])).path == path)
    }

    @Test func `an absolute path in the folder is taken, also by another way to it`() throws {
        for name in ["folder", "also", "elsewhere/../folder"] {
            #expect(try wirePath(Array(directory.path("\(name)/docs/new")), from: "elsewhere").path == "docs/new")
            #expect(try wirePath(Array(directory.path(name)), from: "elsewhere").path == "")
        }
    }

    @Test(arguments: ["../elsewhere/b.txt", "/etc/passwd", "../folder2", ".."])
    func `a local path outside of the folder is no such thing`(argument: String) {
        #expect {
            try wirePath(Array(argument), from: "elsewhere")
        } throws: {
            guard case .noSuchThing(let text) = $0 as? Failure else { return false }
            return text.contains("is not in \(directory.path("folder"))")
        }
    }

    @Test func `where no folder is, a local path is no such thing`() {
        let calls = FakeCalls { _ in WireFormat.encode(PathsResponse(paths: [])) }
        let paths = SharePaths(target: .agent(home: []), workingDirectory: nil)
        #expect(throws: Failure.self) { try paths.wirePath(Array("/a"), calls) }
    }

    @Test func `a path that is nothing here needs no question`() throws {
        #expect(try wirePath(Array("docs/a.txt"), from: "elsewhere").asked == [])
        #expect(try wirePath(Array("a.txt"), from: "folder/docs").asked == [.paths])
    }

    @Test(arguments: [("a//b", "a name must not be empty"), (String(repeating: "x", count: 256), "at most 255")])
    func `what cannot be a path is wrong usage`(argument: String, problem: String) {
        #expect {
            try wirePath(Array(argument), from: "elsewhere")
        } throws: {
            guard case .wrongUsage(let text) = $0 as? Failure else { return false }
            return text.contains(problem)
        }
    }

    @Test func `bytes that are not UTF-8 go over the wire escaped`() throws {
        #expect(try wirePath([0xFF, UInt8(ascii: "\\")], from: "elsewhere").path == #"\xff\\"#)
    }
}
