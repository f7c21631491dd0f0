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
            try eventually("the allowance is used up") { fleet.hub.longestRest > 0 }
            // It comes behind a commit, which costs some 60 units: so much is never left beside the other.
            let bytes = [UInt8]((0..<900_000).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 7) })
            try FleetFolder(fleet.directory.path).write(bytes, to: "made")
            try FleetFolder(fleet.directory.path).rename("made", to: "ann/file")
            try eventually("ann is put off") { fleet.hub.longestRest > 0.021 }
            #expect(ann.isRunning && !fleet.hub.share.exists("file"))
            greed.end()
            try fleet.expectSame()
            #expect(fleet.hub.share.read("file") == bytes)
            #expect(FleetFolder("").text(FleetPath(ann.log))?.contains("hub-away") == false)
        }
    }
}

/// Uses up what an agent may ask for, in pieces of 20 units.
private final class Greed {
    private let child: ChildProcess

    init(in agent: FleetAgent) throws {
        let token = FleetFolder(agent.home).text("token") ?? ""
        child = try ChildProcess(
            findExecutable("curl") ?? "/usr/bin/curl",
            [
                "-s", "--rate", "500/s", "-H", "Authorization: Bearer \(token)",
                "http://127.0.0.1:\(agent.hub.apiPort)/v1/unsynced?n=[1-100000]",
            ], ChildProcess.Options(output: .null, errors: .null, newGroup: true, diesWithParent: true))
    }

    func end() {
        child.kill()
        _ = child.wait()
    }
}

extension FleetHub {
    /// What the hub has said of how long somebody was to wait, at most; in seconds.
    fileprivate var longestRest: Double {
        let text = FleetFolder("").text(FleetPath(log)) ?? ""
        return text.split(separator: "\n").filter { $0.contains(" put_off ") }.compactMap { line in
            line.split(separator: "\"").dropFirst().first.flatMap { Double($0.dropLast(2)) }
        }.max() ?? 0
    }
}
