import ControlAPI
import SyncCore
import Testing

@testable import Agent
@testable import Engine

/// What the agent says of itself while the hub is away.
struct WaitsHereTests {
    private let path = try! RelativePath(bytes: Array("d/file".utf8))  // SAFETY: a path.

    private func item(skipped: Bool = false) -> Pending {
        Pending(path: path, isUp: true, bytes: 3, reason: "settling", isSkipped: skipped)
    }

    @Test func `what waits has its own reason, a pause and since when the hub is away`() {
        #expect(
            WaitsHere(pause: nil, away: (1_000_000_000, "refused")).reason(of: item())
                == "settling; the hub is away since 2001-09-09T01:46:40Z")
        #expect(
            WaitsHere(pause: nil, away: (1_000_000_000, "revoked"), isRefused: true).reason(of: item())
                == "settling; the hub has not let this machine in since 2001-09-09T01:46:40Z")
        #expect(
            WaitsHere(pause: PauseMessage(until: "2030-01-01T00:00:00Z"), away: nil).reason(of: item())
                == "settling; paused until 2030-01-01T00:00:00Z; the hub does not answer")
        #expect(
            WaitsHere(pause: PauseMessage(until: nil), away: nil).reason(of: item())
                == "settling; paused until somebody resumes it; the hub does not answer")
        #expect(WaitsHere(pause: nil, away: nil).reason(of: item(skipped: true)) == "settling")
    }

    @Test func `a directory is answered for by what waits in it`() {
        let waits = WaitsHere(pause: nil, away: nil)
        #expect(waits.answer(item(), at: path) == "waits to be sent: settling")
        #expect(waits.answer(item(), at: path.parent) == "d/file waits to be sent: settling")
        #expect(waits.answer(nil, at: path).hasPrefix("nothing waits here"))
    }
}
