internal import Processes
internal import SSH

/// Where hubs say that they are, in the local network (mDNS, by avahi): asked for when the hub is at none of its addresses. What comes is
/// a hint, and is tried like any other address: the pinned key decides.
enum Discovery {
    /// Blocks for a second or two.
    /// - Parameters:
    ///   - key: only hubs that claim to have it are told.
    ///   - program: avahi-browse; nil where it is not.
    static func find(_ key: HostKey, program: String? = findExecutable("avahi-browse")) -> [SSHAddress] {
        guard let program,
            let said = try? run(program, ["-rpt", "_sync-hub._tcp"], limit: 1 << 20, timeout: .seconds(5))
        else { return [] }
        let found = addresses(in: said.outputText, of: key.fingerprint)
        if !found.isEmpty {
            Log("agent").info("found", ["addresses": found.map(\.description).joined(separator: " ")])
        }
        return found
    }

    /// What `avahi-browse -rp` says (avahi-browse(1)): a line that begins with `=` for each address, with interface, protocol, name, type,
    /// domain, host, address, port and texts between semicolons. Each address once, IPv4 first, those that need an interface last.
    static func addresses(in output: String, of fingerprint: String) -> [SSHAddress] {
        var seen: Set<SSHAddress> = []
        let all = output.split(whereSeparator: \.isNewline).compactMap { line -> SSHAddress? in
            let parts = line.split(separator: ";", maxSplits: 9, omittingEmptySubsequences: false)
            guard parts.count == 10, parts[0] == "=", let port = UInt16(parts[8]), port > 0,
                parts[9].contains("\"fp=\(fingerprint)\"")
            else { return nil }
            let address = String(parts[7])
            // Of any other network than an interface's own it says nothing.
            let host = address.hasPrefix("fe80:") ? "\(address)%\(parts[1])" : address
            guard isAddress(address) else { return nil }
            return SSHAddress(host: host, port: port)
        }.filter { seen.insert($0).inserted }
        return Array(all.sorted { rank($0) < rank($1) }.prefix(most))
    }

    /// Whoever is in the network may say anything: no more than so many are tried.
    private static let most = 8

    private static func rank(_ address: SSHAddress) -> Int {
        !address.host.contains(":") ? 0 : address.host.contains("%") ? 2 : 1
    }

    private static func isAddress(_ text: String) -> Bool {
        (2...45).contains(text.utf8.count) && text.allSatisfy { $0.isASCII && $0.isHexDigit || $0 == "." || $0 == ":" }
    }
}
