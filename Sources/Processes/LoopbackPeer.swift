internal import CLinux
import Glibc

/// Whose a connection on 127.0.0.1 is at its other end.
package enum LoopbackPeer: Hashable, Sendable {
    case user(UInt32)
    /// It has gone.
    case gone
    /// The kernel does not say.
    case unknown

    /// - Parameters:
    ///   - port: of the other end.
    ///   - server: of this end.
    package init(port: UInt16, server: UInt16) {
        var user: uid_t = 0
        if linux_loopback_user(port, server, &user) == 0 {
            self = .user(user)
        } else {
            self = errno == ENOENT ? .gone : .unknown
        }
    }
}
