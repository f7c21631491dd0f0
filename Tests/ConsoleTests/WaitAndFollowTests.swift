import Arguments
import ControlAPI
import HTTPServer
import Synchronization
import Testing

@testable import Console

@Suite struct WaitAndFollowTests {
    static let waiting = WaitResponse(
        inSync: false, seq: 42,
        waiting: [.init(client: "pi", reason: "offline"), .init(client: "b", reason: "3 files")])

    @Test(arguments: [0, 1])
    func `time that is over is exit code 5, with who is not in sync and why`(timeout: Int) throws {
        let hub = try FakeHub { _, _ in .message(Self.waiting) }
        let output = CapturedOutput()
        #expect(hub.run("wait --timeout \(timeout)", output) == .timedOut)
        #expect(output.notes == "syncctl: not in sync after \(timeout) s:\npi  offline\nb   3 files\n")
        #expect(output.results == "")
        // An answer that comes too early is not asked for again in a tight loop.
        #expect(hub.requests.count <= 8)
    }

    @Test func `time that is over is told to programs, too`() throws {
        let hub = try FakeHub { _, _ in .message(Self.waiting) }
        let output = CapturedOutput()
        #expect(hub.run("wait --timeout 0 --json", output) == .timedOut)
        #expect(
            output.results == """
                {"in_sync":false,"seq":42,"waiting":[{"client":"pi","reason":"offline"},{"client":"b","reason":"3 files"}]}

                """)
    }

    @Test func `a long wait asks again until it is in sync`() throws {
        let count = Counter()
        let hub = try FakeHub { _, _ in
            count.next() < 3 ? .message(Self.waiting) : .message(WaitResponse(inSync: true, seq: 43, waiting: []))
        }
        let output = CapturedOutput()
        #expect(hub.run("wait --timeout 1h", output) == .done)
        #expect(output.results == "in sync at change 43\n")
        #expect(hub.requests.count == 3)
    }

    @Test func `waiting for a client that is not there ends at once`() throws {
        let hub = try FakeHub { _, _ in .error(ErrorMessage(.unknownClient, "there is no client 'x'")) }
        let output = CapturedOutput()
        #expect(hub.run("wait --on x", output) == .noSuchThing)
    }

    @Test(arguments: [false, true])
    func `log --follow goes on from the last change, a line each`(asJSON: Bool) throws {
        let count = Counter()
        let hub = try FakeHub { _, request in
            switch count.next() {
            case 1: .message([Samples.log[0]])
            case 2: .message([LogMessage]())
            case 3: .message([Samples.log[1]])
            default: .error(ErrorMessage(.hubAway, "the hub is away"))
            }
        }
        let output = CapturedOutput()
        #expect(hub.run("log --follow --limit 1" + (asJSON ? " --json" : ""), output) == .notReachable)
        #expect(hub.requests.map { $0.query("after") } == [nil, "9", "9", "10"])
        #expect(hub.requests.map { $0.query("limit") } == ["1", "1000", "1000", "1000"])
        #expect(hub.requests.dropFirst().allSatisfy { $0.query("wait") == "50" })
        let lines = output.results.split(separator: "\n")
        #expect(lines.count == 2)
        if asJSON {
            let back = try lines.map { try WireFormat.decode(LogMessage.self, from: Array($0.utf8)) }
            #expect(back == Samples.log)
        }
    }

    @Test func `following an empty log begins at its beginning and says nothing`() throws {
        let count = Counter()
        let hub = try FakeHub { _, _ in
            count.next() == 1 ? .message([LogMessage]()) : .error(ErrorMessage(.internalError, "no more"))
        }
        let output = CapturedOutput()
        #expect(hub.run("log --follow", output) == .failed)
        #expect(output.results == "")
        #expect(hub.requests.map { $0.query("after") } == [nil, "0"])
    }
}

/// Counts from 1.
final class Counter: Sendable {
    private let value = Mutex(0)
    func next() -> Int {
        value.withLock { value in
            value += 1
            return value
        }
    }
}
