internal import CSSH2

/// What works on names. Each is one round trip and throws ``SSHError/sftp(_:path:)`` if the server refuses.
extension SFTPConnection {
    /// Of what the path leads to, through symlinks.
    package func stat(_ path: [UInt8]) throws(SSHError) -> SFTPAttributes { try stat(path, LIBSSH2_SFTP_STAT) }

    /// Of what stands at the path itself, also a symlink.
    package func lstat(_ path: [UInt8]) throws(SSHError) -> SFTPAttributes { try stat(path, LIBSSH2_SFTP_LSTAT) }

    private func stat(_ path: [UInt8], _ kind: Int32) throws(SSHError) -> SFTPAttributes {
        try exclusively { () throws(SSHError) in
            var attributes = LIBSSH2_SFTP_ATTRIBUTES()
            _ = try request("asking about a file", path) {
                path.withCharacters { Int(libssh2_sftp_stat_ex(sftp, $0, $1, kind, &attributes)) }
            }
            return SFTPAttributes(attributes)
        }
    }

    /// - Parameter mode: permission bits, before the server's umask.
    package func mkdir(_ path: [UInt8], mode: UInt32 = 0o755) throws(SSHError) {
        try simple("making a directory", path) { libssh2_sftp_mkdir_ex(sftp, $0, $1, Int(mode)) }
    }

    /// Removes a file or symlink.
    package func remove(_ path: [UInt8]) throws(SSHError) {
        try simple("removing a file", path) { libssh2_sftp_unlink_ex(sftp, $0, $1) }
    }

    /// Removes an empty directory.
    package func rmdir(_ path: [UInt8]) throws(SSHError) {
        try simple("removing a directory", path) { libssh2_sftp_rmdir_ex(sftp, $0, $1) }
    }

    /// Renames, and never replaces: an existing `target` is ``SFTPStatus/failure`` (SFTP version 3; OpenSSH links, then unlinks).
    package func rename(_ path: [UInt8], to target: [UInt8]) throws(SSHError) {
        try simple("renaming", path) { source, count in
            target.withCharacters { libssh2_sftp_rename_ex(sftp, source, count, $0, $1, 0) }
        }
    }

    /// Room for ordinary users on the file system of a path, in bytes; none when it has no inode left.
    /// - Throws: ``SFTPStatus/unsupported`` if the server is not OpenSSH's.
    package func freeSpace(at path: [UInt8]) throws(SSHError) -> Int64 {
        try exclusively { () throws(SSHError) in
            var space = LIBSSH2_SFTP_STATVFS()
            _ = try request("asking for free space", path) {
                path.withCharacters { Int(libssh2_sftp_statvfs(sftp, $0, Int($1), &space)) }
            }
            if space.f_files > 0, space.f_favail == 0 { return 0 }
            let (bytes, overflow) = space.f_bavail.multipliedReportingOverflow(by: space.f_frsize)
            return overflow ? Int64.max : Int64(clamping: bytes)
        }
    }

    /// Sets modification and access time, in Unix seconds.
    package func setModificationTime(_ path: [UInt8], _ mtime: UInt32) throws(SSHError) {
        var attributes = LIBSSH2_SFTP_ATTRIBUTES()
        attributes.flags = UInt(LIBSSH2_SFTP_ATTR_ACMODTIME)
        attributes.atime = UInt(mtime)
        attributes.mtime = UInt(mtime)
        try set(path, attributes)
    }

    /// Sets permission bits.
    package func setMode(_ path: [UInt8], _ mode: UInt32) throws(SSHError) {
        var attributes = LIBSSH2_SFTP_ATTRIBUTES()
        attributes.flags = UInt(LIBSSH2_SFTP_ATTR_PERMISSIONS)
        attributes.permissions = UInt(mode & 0o7777)
        try set(path, attributes)
    }

    private func set(_ path: [UInt8], _ attributes: LIBSSH2_SFTP_ATTRIBUTES) throws(SSHError) {
        var attributes = attributes
        try simple("setting attributes", path) { libssh2_sftp_stat_ex(sftp, $0, $1, LIBSSH2_SFTP_SETSTAT, &attributes) }
    }

    private func simple(
        _ doing: String, _ path: [UInt8], _ step: (UnsafePointer<CChar>, UInt32) -> Int32
    ) throws(SSHError) {
        try exclusively { () throws(SSHError) in
            _ = try request(doing, path) { path.withCharacters { Int(step($0, $1)) } }
        }
    }

    /// All entries but `.` and `..`, in the server's order (none).
    package func list(_ path: [UInt8]) throws(SSHError) -> [SFTPEntry] {
        let directory = try SFTPHandle(self, path, flags: 0, mode: 0, kind: LIBSSH2_SFTP_OPENDIR)
        var entries: [SFTPEntry] = []
        while let entry = try next(of: directory) {
            if entry.name != [0x2E] && entry.name != [0x2E, 0x2E] { entries.append(entry) }
        }
        try directory.close()
        return entries
    }

    private func next(of directory: SFTPHandle) throws(SSHError) -> SFTPEntry? {
        try exclusively { () throws(SSHError) in
            var attributes = LIBSSH2_SFTP_ATTRIBUTES()
            var name = [CChar](repeating: 0, count: 4096)
            let handle = try directory.pointer()
            let length = try request("listing a directory", directory.path) {
                // The whole buffer's size, as `readdir` wants room for a NUL too.
                Int(libssh2_sftp_readdir_ex(handle, &name, name.count, nil, 0, &attributes))
            }
            guard length > 0 else { return nil }
            return SFTPEntry(
                name: name.prefix(length).map { UInt8(bitPattern: $0) }, attributes: SFTPAttributes(attributes))
        }
    }
}
