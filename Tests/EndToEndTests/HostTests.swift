import Glibc
import TestSupport
import Testing

/// An agent that reaches its hub under several addresses.
@Suite(.fleet)
struct HostTests {
    @Test func `an agent goes on at the hub's other address without a restart, past a server that is not the hub`()
        throws
    {
        try withFleet(agents: ["ann"], running: false) { fleet in
            // In another network the hub's address is somebody else's.
            let stranger = try SSHDServer()
            let (one, two) = (try FleetProxy(to: fleet.hub.sftpPort), try FleetProxy(to: fleet.hub.sftpPort))
            defer { [one, two].forEach { $0.close() } }
            let ann = fleet["ann"]
            try ann.setHosts([stranger.port, one.port, two.port])
            two.setRefusing(true)
            try ann.start()
            try ann.folder.write("at the first", to: "file")
            try fleet.expectSame()
            #expect(one.connections > 0 && two.connections == 0)

            one.setRefusing(true)
            two.setRefusing(false)
            try ann.folder.write("at the second", to: "file")
            try fleet.expectSame()
            #expect(two.connections > 0)

            // Nothing is left but the stranger, who is not what it waits for.
            two.setRefusing(true)
            try eventually("it says that another server is there") {
                ann.program?.logTail.contains("is another server") == true
            }
            try ann.folder.write("at the first again", to: "file")
            one.setRefusing(false)
            try fleet.expectSame()
            #expect(fleet.hub.share.text("file") == "at the first again" && ann.isRunning)
            withExtendedLifetime(stranger) {}
        }
    }
}

extension FleetAgent {
    /// Where it looks for its hub: on these ports of this machine.
    func setHosts(_ ports: [UInt16]) throws {
        let files = FleetFolder(home)
        let text = files.text("agent.json5") ?? ""
        let list = ports.map { "\"127.0.0.1:\($0)\"" }.joined(separator: ", ")
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            line.contains("hosts: [") ? "        hosts: [\(list)]," : String(line)
        }
        try files.write(lines.joined(separator: "\n"), to: "agent.json5")
    }
}
