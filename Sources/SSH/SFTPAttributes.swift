internal import CSSH2

/// What the server tells of a file, directory or symlink; `nil` for what it did not send.
package struct SFTPAttributes: Hashable, Sendable {
    /// What kind of thing has the name.
    package enum Kind: Hashable, Sendable {
        /// A node can be one of these.
        case file, directory, symlink
        /// FIFO, socket or device.
        case other
    }

    /// From the permission word, which carries the type too.
    package let kind: Kind?
    /// In bytes.
    package let size: Int64?
    /// Permission bits, 0o000 to 0o7777.
    package let mode: UInt32?
    /// Unix seconds; SFTP version 3 carries 32 bits and no nanoseconds.
    package let mtime: UInt32?

    init(_ raw: LIBSSH2_SFTP_ATTRIBUTES) {
        func has(_ bit: Int32) -> Bool { raw.flags & UInt(bit) != 0 }
        size = has(LIBSSH2_SFTP_ATTR_SIZE) ? Int64(clamping: raw.filesize) : nil
        mtime = has(LIBSSH2_SFTP_ATTR_ACMODTIME) ? UInt32(truncatingIfNeeded: raw.mtime) : nil
        guard has(LIBSSH2_SFTP_ATTR_PERMISSIONS) else {
            kind = nil
            mode = nil
            return
        }
        mode = UInt32(raw.permissions & 0o7777)
        kind =
            switch Int32(raw.permissions) & LIBSSH2_SFTP_S_IFMT {
            case LIBSSH2_SFTP_S_IFREG: .file
            case LIBSSH2_SFTP_S_IFDIR: .directory
            case LIBSSH2_SFTP_S_IFLNK: .symlink
            default: .other
            }
    }
}

/// One entry of a directory.
package struct SFTPEntry: Hashable, Sendable {
    /// Bytes, not always UTF-8; never `.` or `..`.
    package let name: [UInt8]
    /// Of the entry itself: a symlink is not followed.
    package let attributes: SFTPAttributes
}
