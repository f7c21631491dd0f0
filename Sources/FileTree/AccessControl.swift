internal import CACL
import Glibc

/// POSIX ACLs as text with names (acl(5)), through libacl. Paths are those of open handles below `/proc/self/fd`.
enum AccessControl {
    /// What Linux calls the two attributes that hold them.
    static let access = Array("system.posix_acl_access".utf8)
    static let defaults = Array("system.posix_acl_default".utf8)

    /// Nil if there is none beyond the permission bits, or if this file system has none.
    static func text(of path: [CChar], _ name: [UInt8]) -> [UInt8]? {
        if name == access, acl_extended_file(path) <= 0 { return nil }
        guard let list = acl_get_file(path, kind(name)) else { return nil }
        defer { acl_free(UnsafeMutableRawPointer(list)) }
        // A directory with a default list only.
        if name == access, acl_equiv_mode(list, nil) == 0 { return nil }
        guard let text = acl_to_any_text(list, nil, CChar(UInt8(ascii: ",")), 0) else { return nil }
        defer { acl_free(UnsafeMutableRawPointer(text)) }
        // SAFETY: libacl gives a string that ends with NUL; it is freed after the copy was made.
        let bytes = UnsafeBufferPointer(start: text, count: strlen(text)).map { UInt8(bitPattern: $0) }
        return bytes.isEmpty ? nil : bytes
    }

    /// Whether every name in it is known here.
    static func isKnown(_ text: [UInt8]) -> Bool {
        guard let list = withCString(text, { acl_from_text($0) }) else { return false }
        acl_free(UnsafeMutableRawPointer(list))
        return true
    }

    /// - Returns: false, with `errno`, if it could not be set.
    static func set(_ text: [UInt8], on path: [CChar], _ name: [UInt8]) -> Bool {
        guard let list = withCString(text, { acl_from_text($0) }) else { return false }
        defer { acl_free(UnsafeMutableRawPointer(list)) }
        return acl_set_file(path, kind(name), list) == 0
    }

    private static func kind(_ name: [UInt8]) -> acl_type_t { name == access ? 0x8000 : 0x4000 }
}
