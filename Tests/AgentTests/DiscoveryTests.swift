import ControlAPI
import Glibc
import SSH
import TestSupport
import Testing
import Transport

@testable import Agent

@Suite struct DiscoveryTests {
    private let directory = TemporaryDirectory()

    private func line(_ address: String, port: String = "2222", fp: String = "SHA256:a/b+c", interface: String = "eth0")
        -> String
    {
        "=;\(interface);IPv4;SyncHub\\032pi;_sync-hub._tcp;local;pi.local;\(address);\(port);\"hub=my; pi\" \"fp=\(fp)\""
    }

    @Test func `what avahi says becomes addresses of the hub with this key, and of nobody else`() {
        let said = [
            "+;eth0;IPv4;SyncHub\\032pi;_sync-hub._tcp;local", line("fe80::1", interface: "wlan0"), line("fd00::5"),
            line("192.168.1.20"), line("192.168.1.20"), line("10.0.0.9", fp: "SHA256:other"),
            line("10.0.0.8", port: "0"),
            line("10.0.0.8", port: "x"), line("evil host"), line("\u{FF11}.1"), line("$(id)"), "=;too;short", "",
            "=;;;;;;;;;",
        ].joined(separator: "\n")
        let found = Discovery.addresses(in: said, of: "SHA256:a/b+c").map(\.description)
        #expect(found == ["192.168.1.20:2222", "[fd00::5]:2222", "[fe80::1%wlan0]:2222"])
    }

    @Test func `of a network that says much only a little is tried`() {
        let said = (0..<100).map { line("10.0.0.\($0)") }.joined(separator: "\n")
        #expect(Discovery.addresses(in: said, of: "SHA256:a/b+c").count == 8)
    }

    /// A stranger that claims to have the key, and the hub.
    @Test func `an agent whose hub is at no address finds it where the network says it is, and the key decides`() throws
    {
        try withFleet(agents: ["ann"], running: false) { fleet in
            let stranger = try SSHDServer()
            let layout = AgentLayout(home: fleet["ann"].home)
            let joined = try Joined(layout)
            let key = try HostKey(line: joined.configuration.hostKey)
            let said = [stranger.port, fleet.hub.sftpPort].map {
                line("127.0.0.1", port: "\($0)", fp: key.fingerprint)
            }
            let script = directory.write(
                "#!/bin/sh\n[ \"$*\" = '-rpt _sync-hub._tcp' ] && cat <<'END'\n\(said.joined(separator: "\n"))\nEND\n",
                to: "avahi-browse")
            chmod(script, 0o700)
            var configuration = joined.configuration
            configuration.hosts = [AgentConfiguration.Host(host: "127.0.0.1", port: Int(FleetPorts.free()))]
            var address = try configuration.address(layout, token: joined.token)
            func connect() throws {
                try SSHHubConnection.connect(
                    to: address, hello: HelloRequest(version: "1", generation: "1"), onlyLooks: true
                ) { _ in }.close()
            }
            address.lookAround = { Discovery.find(key, program: script) }
            try connect()
            // Where it was found it is tried first from then on, by other starts of the program too.
            address.lookAround = { [] }
            try connect()
            address = try configuration.address(layout, token: joined.token)
            address.lookAround = { Discovery.find(key, program: nil) }
            try connect()
            // With other addresses it says nothing.
            configuration.hosts.append(AgentConfiguration.Host(host: "127.0.0.1", port: Int(FleetPorts.free())))
            address = try configuration.address(layout, token: joined.token)
            address.lookAround = { Discovery.find(key, program: nil) }
            #expect(throws: HubError.self) { try connect() }
            withExtendedLifetime(stranger) {}
        }
    }
}
