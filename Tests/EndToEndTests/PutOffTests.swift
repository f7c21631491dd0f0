import Processes
import TestSupport
import Testing

/// A client that asks for more than the hub does for one.
@Suite(.fleet)
struct PutOffTests {
    @Test func `an agent that the hub puts off waits, and goes on by itself`() throws {
        try withFleet(agents: ["ann"]) { fleet in
            let ann = fleet["ann"]
            try fleet.expectSame()
            let greed = try Greed(in: ann)
            defer { greed.end() }
            try eventually("the allowance is used up") { try fleet.hub.hasPutOff("log") }
            // The agent asks what the hub has (20 units), and commits (some 60): so much is never left beside the other.
            let bytes = [UInt8]((0..<900_000).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 7) })
            try FleetFolder(fleet.directory.path).write(bytes, to: "made")
            try FleetFolder(fleet.directory.path).rename("made", to: "ann/file")
            try eventually("ann is put off") { try fleet.hub.hasPutOff("(holds|commit)") }
            #expect(ann.isRunning && !fleet.hub.share.exists("file"))
            greed.end()
            try fleet.expectSame()
            #expect(fleet.hub.share.read("file") == bytes)
            #expect(FleetFolder("").text(FleetPath(ann.log))?.contains("hub-away") == false)
        }
    }
}

/// Uses up what an agent may ask for, and all that comes in addition: in pieces of 20 units, by questions that are refused at once.
private final class Greed {
    private let child: ChildProcess

    init(in agent: FleetAgent) throws {
        let curl = findExecutable("curl") ?? "/usr/bin/curl"
        let token = FleetFolder(agent.home).text("token") ?? ""
        func words(_ count: Int) -> [String] {
            [
                "-s", "-H", "Authorization: Bearer \(token)",
                "http://127.0.0.1:\(agent.hub.apiPort)/v1/log?wait=no-number&n=[1-\(count)]",
            ]
        }
        // What is put off costs a connection, of which there are not so many.
        guard try run(curl, words(1_000)).status.isSuccess else { throw FleetProgram.Failure("curl does not ask") }
        child = try ChildProcess(
            curl, ["--rate", "200/s"] + words(1_000_000),
            ChildProcess.Options(output: .null, errors: .null, newGroup: true, diesWithParent: true))
    }

    func end() {
        child.kill()
        _ = child.wait()
    }
}

extension FleetHub {
    /// Whether it has told somebody to wait who asked for that, a pattern of `grep -E`.
    fileprivate func hasPutOff(_ route: String) throws -> Bool {
        let grep = findExecutable("grep") ?? "/usr/bin/grep"
        return try run(grep, ["-qE", " put_off client=ann asked=/v1/\(route) ", log]).status.isSuccess
    }
}
