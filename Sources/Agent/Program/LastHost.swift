internal import SSH
internal import Settings
internal import Transport

/// Where the hub was reached last, over starts of the program: a file in the home. Its second line names the addresses that were configured
/// then: with others it says nothing. It is a hint, and what is wrong with it costs a short try.
struct LastHost {
    private let path: String
    private let configured: String

    init(_ layout: AgentLayout, _ hosts: [AgentConfiguration.Host]) {
        path = layout.lastHost
        configured = hosts.map(\.description).joined(separator: " ")
    }

    /// Has an address begin where the hub was, and remembers where it is.
    func keep(for address: inout HubAddress) {
        if let known = read() { address.begin(at: known) }
        let (path, configured) = (path, configured)
        address.onOtherHost = { host in
            let last = AgentConfiguration.Host(host: host.host, port: Int(host.port))
            try? Secrets.write(Array("\(last)\n\(configured)\n".utf8), to: path)
        }
    }

    private func read() -> SSHAddress? {
        guard let lines = (try? Secrets.readText(path))?.split(separator: "\n"), lines.count == 2,
            lines[1] == configured, let host = AgentConfiguration.Host(String(lines[0]))
        else { return nil }
        return SSHAddress(host: host.host, port: UInt16(clamping: host.port))
    }
}
