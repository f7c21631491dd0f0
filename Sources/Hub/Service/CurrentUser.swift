import Glibc

/// The user that this process runs as.
package enum CurrentUser {
    /// Its login name, which devices log in with.
    /// - Throws: ``UnknownUser`` if the user has none.
    package static func name() throws(UnknownUser) -> String { try record().name }

    /// Its shell, which sshd runs a forced command with.
    static func shell() throws(UnknownUser) -> String { try record().shell }

    /// What the system knows of a user.
    struct Account: Hashable, Sendable {
        let number: uid_t
        let name: String
        let shell: String
        let group: gid_t
        /// Nil if the group has none.
        let groupName: String?
    }

    private static func record() throws(UnknownUser) -> Account { try account(geteuid()) }

    /// Of any user.
    static func account(_ user: uid_t) throws(UnknownUser) -> Account {
        var entry = passwd()
        var room = [CChar](repeating: 0, count: 16_384)
        var found: UnsafeMutablePointer<passwd>?
        guard getpwuid_r(user, &entry, &room, room.count, &found) == 0, found != nil else {
            throw UnknownUser(number: user)
        }
        let group = groupName(entry.pw_gid)
        return withExtendedLifetime(room) {
            Account(
                number: user, name: String(cString: entry.pw_name), shell: String(cString: entry.pw_shell),
                group: entry.pw_gid, groupName: group)
        }
    }

    private static func groupName(_ number: gid_t) -> String? {
        var entry = group()
        var room = [CChar](repeating: 0, count: 65_536)
        var found: UnsafeMutablePointer<group>?
        guard getgrgid_r(number, &entry, &room, room.count, &found) == 0, found != nil else { return nil }
        return withExtendedLifetime(room) { String(cString: entry.gr_name) }
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
