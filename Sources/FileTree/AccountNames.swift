import Glibc
import Synchronization

/// Names of users and groups as this machine knows them. Any thread; may ask a directory service, and block.
enum AccountNames {
    private struct Known {
        var users: [uid_t: [UInt8]] = [:]
        var groups: [gid_t: [UInt8]] = [:]
    }
    private static let known = Mutex(Known())

    /// Nil if the number has no name here.
    static func user(_ id: uid_t) -> [UInt8]? {
        if let name = known.withLock({ $0.users[id] }) { return name }
        let name = withBuffer { buffer -> [UInt8]? in
            var (entry, found) = (passwd(), UnsafeMutablePointer<passwd>?.none)
            guard getpwuid_r(id, &entry, buffer.baseAddress!, buffer.count, &found) == 0, found != nil else {
                return nil
            }
            return bytes(entry.pw_name)
        }
        if let name { known.withLock { $0.users[id] = name } }
        return name
    }

    /// Nil if the number has no name here.
    static func group(_ id: gid_t) -> [UInt8]? {
        if let name = known.withLock({ $0.groups[id] }) { return name }
        let name = withBuffer { buffer -> [UInt8]? in
            var (entry, found) = (Glibc.group(), UnsafeMutablePointer<Glibc.group>?.none)
            guard getgrgid_r(id, &entry, buffer.baseAddress!, buffer.count, &found) == 0, found != nil else {
                return nil
            }
            return bytes(entry.gr_name)
        }
        if let name { known.withLock { $0.groups[id] = name } }
        return name
    }

    /// Nil if there is no such user here.
    static func userID(_ name: [UInt8]) -> uid_t? {
        withBuffer { buffer in
            var (entry, found) = (passwd(), UnsafeMutablePointer<passwd>?.none)
            let result = withCString(name) { getpwnam_r($0, &entry, buffer.baseAddress!, buffer.count, &found) }
            return result == 0 && found != nil ? entry.pw_uid : nil
        }
    }

    /// Nil if there is no such group here.
    static func groupID(_ name: [UInt8]) -> gid_t? {
        withBuffer { buffer in
            var (entry, found) = (Glibc.group(), UnsafeMutablePointer<Glibc.group>?.none)
            let result = withCString(name) { getgrnam_r($0, &entry, buffer.baseAddress!, buffer.count, &found) }
            return result == 0 && found != nil ? entry.gr_gid : nil
        }
    }

    // SAFETY: of `baseAddress!` above: a buffer that is not empty has one.
    private static func withBuffer<Value>(_ body: (UnsafeMutableBufferPointer<CChar>) -> Value) -> Value {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 65_536, body)
    }

    // SAFETY: the entry's strings lie in the buffer, which is still there, and end with NUL.
    private static func bytes(_ text: UnsafeMutablePointer<CChar>) -> [UInt8] {
        Array(UnsafeBufferPointer(start: text, count: strlen(text)).map { UInt8(bitPattern: $0) })
    }
}
