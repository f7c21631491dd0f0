import Glibc

/// The user that this process runs as.
package enum CurrentUser {
    /// Its login name, which devices log in with.
    /// - Throws: ``UnknownUser`` if the user has none.
    package static func name() throws(UnknownUser) -> String { try record().name }

    /// Its shell, which sshd runs a forced command with.
    static func shell() throws(UnknownUser) -> String { try record().shell }

    private static func record() throws(UnknownUser) -> (name: String, shell: String) {
        var entry = passwd()
        var room = [CChar](repeating: 0, count: 16_384)
        var found: UnsafeMutablePointer<passwd>?
        guard getpwuid_r(geteuid(), &entry, &room, room.count, &found) == 0, found != nil else {
            throw UnknownUser(number: geteuid())
        }
        return withExtendedLifetime(room) { (String(cString: entry.pw_name), String(cString: entry.pw_shell)) }
    }
}

/// The system knows no name for a user.
package struct UnknownUser: Error, Hashable, Sendable, CustomStringConvertible {
    /// The user id.
    package let number: UInt32
    package var description: String {
        "the user with number \(number) has no name, which SSH needs; run synchub as a user of this system (useradd makes one)"
    }
}
