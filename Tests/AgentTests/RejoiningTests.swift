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
        let rejoining = Rejoining(
            layout,
            AgentConfiguration(
                hub: "pi", hosts: [], user: "sync", hostKey: "", apiPort: 1, client: "ann", folder: "/f", mode: .twoWay,
                subtree: nil))
        let revoked = HubError.refused(ErrorMessage(.revoked, "revoked"))
        let unknown = HubError.refused(ErrorMessage(.unauthorized, "unknown"))
        let cases: [(error: HubError, kind: AgentFailure.Kind?, whileRotating: AgentFailure.Kind?)] = [
            (.refusedKey("no"), .notKnown, .failed), (revoked, .notKnown, .notKnown), (unknown, .notKnown, .failed),
            (.unproven("somebody"), nil, nil), (.away("gone"), nil, nil), (.cancelled, nil, nil),
        ]
        for (error, kind, _) in cases { #expect(rejoining.failure(for: error)?.kind == kind, "\(error)") }
        #expect(rejoining.met(HubError.unproven("somebody")) == "somebody")
        directory.write("{}", to: "rotating")
        #expect(Files.exists(layout.begunRotation))
        for (error, _, kind) in cases { #expect(rejoining.failure(for: error)?.kind == kind, "\(error)") }
        #expect(rejoining.met(HubError.unproven("somebody")).contains("`syncagent rotate"))
    }
}
