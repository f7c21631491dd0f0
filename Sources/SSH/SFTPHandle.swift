internal import CSSH2

/// A file or directory that is open at the server; the owner of libssh2's handle for it. Not for two threads at once.
final class SFTPHandle {
    let connection: SFTPConnection
    let path: [UInt8]
    private var open: OpaquePointer?

    init(
        _ connection: SFTPConnection, _ path: [UInt8], flags: UInt, mode: UInt32, kind: Int32
    ) throws(SSHError) {
        self.connection = connection
        self.path = path
        open = try connection.exclusively { () throws(SSHError) in
            let session = connection.session
            let begun = SFTPConnection.now
            let pointer = try session.performPointer("opening a file") {
                path.withCharacters { libssh2_sftp_open_ex(connection.sftp, $0, $1, flags, Int(mode), kind) }
            }
            guard let pointer else {
                throw connection.error(Int(libssh2_session_last_errno(session.handle)), path)
            }
            let now = SFTPConnection.now
            connection.trip.took(now - begun, at: now)
            return pointer
        }
    }

    deinit { try? close() }

    /// - Throws: ``SSHError/closed(reason:)`` after ``close()``.
    func pointer() throws(SSHError) -> OpaquePointer {
        guard let open else { throw .closed(reason: "the file was closed before") }
        return open
    }

    /// Closes at the server; a second call does nothing. libssh2 gives the handle's memory back with any answer, an error
    /// too, but "again": a wait that ends without one has to ask once more, and after one nobody may.
    func close() throws(SSHError) {
        guard let handle = open else { return }
        open = nil
        try connection.exclusively { () throws(SSHError) in
            // On a dead session it fails at once, which frees the memory.
            guard connection.session.failure == nil else {
                libssh2_sftp_close_handle(handle)
                return
            }
            var isFreed = false
            defer { if !isFreed { libssh2_sftp_close_handle(handle) } }
            _ = try connection.request("closing a file", path) {
                let answer = libssh2_sftp_close_handle(handle)
                isFreed = answer != LIBSSH2_ERROR_EAGAIN
                return Int(answer)
            }
        }
    }
}
