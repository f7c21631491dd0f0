import ControlAPI
import TestSupport
import Testing
import Transport

@testable import Agent

struct RejoiningTests {
    /// What was met, and how an agent ends by it: nil if it does not. The last of `run` with exit code 6 is not started again by its unit.
    @Test
    func `an agent ends for good only by what is known to come from the hub, and not while its key is being changed`() {
        let directory = TemporaryDirectory()
        let layout = AgentLayout(home: directory.path)
        let rejoining = rejoining(layout)
        let revoked = HubError.refused(ErrorMessage(.revoked, "revoked"))
        let unknown = HubError.refused(ErrorMessage(.unauthorized, "unknown"))
        let cases: [(error: HubError, kind: AgentFailure.Kind?, whileRotating: AgentFailure.Kind?)] = [
            (revoked, .notKnown, .notKnown), (unknown, .notKnown, .failed), (.refusedKey("no"), nil, nil),
            (.unproven("somebody"), nil, nil), (.away("gone"), nil, nil), (.cancelled, nil, nil),
        ]
        for (error, kind, _) in cases { #expect(rejoining.end(by: error)?.kind == kind, "\(error)") }
        // A command ends anyway.
        #expect(rejoining.failure(for: HubError.refusedKey("no"))?.kind == .notKnown)
        #expect(rejoining.failure(for: HubError.away("gone"))?.kind == nil)
        #expect(rejoining.met(HubError.unproven("somebody")) == "somebody")
        #expect(rejoining.met(HubError.refusedKey("no")).contains("syncctl invite ann"))
        directory.write("{}", to: "rotating")
        #expect(Files.exists(layout.begunRotation))
        for (error, _, kind) in cases { #expect(rejoining.end(by: error)?.kind == kind, "\(error)") }
        #expect(rejoining.failure(for: HubError.refusedKey("no"))?.kind == .failed)
        for error in [HubError.unproven("somebody"), .refusedKey("no")] {
            #expect(rejoining.met(error).contains("`syncagent rotate"))
        }
    }

    @Test func `who was refused asks seldom in the end, and as often as others while its key is being changed`() {
        let directory = TemporaryDirectory()
        let rejoining = rejoining(AgentLayout(home: directory.path))
        let often = rejoining.longestPause(after: HubError.away("gone"))
        #expect(rejoining.longestPause(after: HubError.refusedKey("no")) >= 5 * often)
        directory.write("{}", to: "rotating")
        #expect(rejoining.longestPause(after: HubError.refusedKey("no")) == often)
    }

    private func rejoining(_ layout: AgentLayout) -> Rejoining {
        Rejoining(
            layout,
            AgentConfiguration(
                hub: "pi", hosts: [], user: "sync", hostKey: "", apiPort: 1, client: "ann", folder: "/f", mode: .twoWay,
                subtree: nil))
    }
}
