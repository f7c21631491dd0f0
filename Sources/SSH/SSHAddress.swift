/// Where an SSH server listens.
package struct SSHAddress: Hashable, Sendable, CustomStringConvertible {
    /// A host name, or an IPv4 or IPv6 address without brackets.
    package let host: String
    /// Of TCP.
    package let port: UInt16

    package init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// As `host:port`, an IPv6 address in brackets.
    package var description: String {
        host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}
