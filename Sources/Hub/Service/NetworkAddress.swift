import Glibc

/// Addresses and names of this machine, and ports on it. Blocking calls, none of which asks a name server.
enum NetworkAddress {
    /// Whether a text is an IPv4 or IPv6 address.
    static func isValid(_ text: String) -> Bool {
        var room = [UInt8](repeating: 0, count: 16)
        // SAFETY: 16 bytes hold an address of either family.
        return room.withUnsafeMutableBytes {
            inet_pton(AF_INET, text, $0.baseAddress!) == 1 || inet_pton(AF_INET6, text, $0.baseAddress!) == 1
        }
    }

    /// Whether a text could be a host name or an address.
    static func isHost(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 253
            && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "\"") }
    }

    /// A site as a browser names it: scheme, host and, if it is another than usual, port; in small letters, and nothing behind it.
    static func isOrigin(_ text: String) -> Bool {
        guard let scheme = ["http://", "https://"].first(where: text.hasPrefix) else { return false }
        let host = String(text.dropFirst(scheme.count))
        return isHost(host) && host == host.lowercased() && !host.contains { "*?#@".contains($0) }
    }

    /// The name of this machine.
    static func hostName() -> String {
        var name = utsname()
        guard uname(&name) == 0 else { return "localhost" }
        return withUnsafeBytes(of: &name.nodename) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }

    /// The addresses by which others may reach this machine, IPv4 first: no loopback, no link-local ones.
    static func reachable() -> [String] {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&list) == 0 else { return [] }
        defer { freeifaddrs(list) }
        var found: [String] = []
        var next = list
        while let entry = next {
            // SAFETY: the list's entries live until freeifaddrs.
            if let address = entry.pointee.ifa_addr, let text = numeric(address), isReachable(text) {
                found.append(text)
            }
            next = entry.pointee.ifa_next
        }
        return found.filter { !$0.contains(":") } + found.filter { $0.contains(":") }
    }

    private static func numeric(_ address: UnsafeMutablePointer<sockaddr>) -> String? {
        let size: Int
        switch Int32(address.pointee.sa_family) {
        case AF_INET: size = MemoryLayout<sockaddr_in>.size
        case AF_INET6: size = MemoryLayout<sockaddr_in6>.size
        default: return nil
        }
        var text = [CChar](repeating: 0, count: 128)
        guard getnameinfo(address, socklen_t(size), &text, 128, nil, 0, NI_NUMERICHOST) == 0 else { return nil }
        return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    private static func isReachable(_ text: String) -> Bool {
        !text.hasPrefix("127.") && text != "::1" && !text.hasPrefix("169.254.") && !text.hasPrefix("fe80:")
    }
}

extension HubConfiguration {
    /// Where devices find this hub, best first: what the configuration says, else this machine's name and addresses.
    package var hostCandidates: [String] {
        if let hosts { return hosts }
        if let listen, listen != "0.0.0.0", listen != "::" { return [listen] }
        return [NetworkAddress.hostName()] + NetworkAddress.reachable()
    }
}

/// A TCP port of this machine.
enum TCPPort {
    /// Why a port cannot be listened on: an `errno`; nil if it can.
    static func obstacle(to port: UInt16, on address: String) -> Int32? {
        var hints = addrinfo()
        hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(address, "\(port)", &hints, &list) == 0, let info = list?.pointee else {
            return EADDRNOTAVAIL
        }
        defer { freeaddrinfo(list) }
        let socket = Glibc.socket(info.ai_family, info.ai_socktype | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { return errno }
        defer { close(socket) }
        var yes: Int32 = 1
        setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        return bind(socket, info.ai_addr, info.ai_addrlen) == 0 ? nil : errno
    }

    /// A port that nobody uses now. Below those that Linux gives to outgoing connections, so that it stays free between two runs.
    static func findFree(on address: String, except taken: UInt16?) -> UInt16? {
        for _ in 0..<500 {
            let port = UInt16.random(in: 20_000..<32_000)
            if port != taken, obstacle(to: port, on: address) == nil { return port }
        }
        return nil
    }
}
