internal import CSSH2

/// A file that is open at the server. Used by one thread at a time; goes away closed, but only ``close()`` tells whether
/// the server was content.
package final class SFTPFile {
    /// How a file is opened.
    package struct Access: OptionSet, Sendable {
        /// The bits of SFTP version 3.
        package let rawValue: UInt
        package init(rawValue: UInt) { self.rawValue = rawValue }

        /// May be read.
        package static let read = Access(rawValue: UInt(LIBSSH2_FXF_READ))
        /// May be written.
        package static let write = Access(rawValue: UInt(LIBSSH2_FXF_WRITE))
        /// Makes it if it is not there.
        package static let create = Access(rawValue: UInt(LIBSSH2_FXF_CREAT))
        /// Loses what it holds, if it is there.
        package static let truncate = Access(rawValue: UInt(LIBSSH2_FXF_TRUNC))
        /// With `create`: fails if it is there.
        package static let exclusive = Access(rawValue: UInt(LIBSSH2_FXF_EXCL))
    }

    let handle: SFTPHandle
    private var connection: SFTPConnection { handle.connection }
    /// Where the next byte is read or written, as libssh2 knows it; `nil` if it may be lost.
    private var position: Int64? = 0
    /// In bytes: handed to libssh2 for writing, not acknowledged yet.
    private var inFlight = 0
    /// Its bytes have begun to move.
    private var isMoving = false

    init(_ handle: SFTPHandle) { self.handle = handle }

    /// Reads at an offset, from 1 to `buffer.count` bytes, or 0 at the end of the file.
    ///
    /// Reading on where the last read ended is pipelined. No more is asked of the server than `within` bytes (rounded up a
    /// little), so say how far you are going to read.
    package func read(
        at offset: Int64, into buffer: UnsafeMutableRawBufferPointer, within: Int64
    ) throws(SSHError) -> Int {
        guard buffer.count > 0 else { return 0 }
        begin()
        // Four times as much is asked for ahead.
        let granted = try connection.paced(min(buffer.count, flightWindow / 4))
        var moved = 0
        defer { connection.pace?.giveBack(granted - moved) }
        moved = try connection.exclusively { () throws(SSHError) in
            let file = try handle.pointer()
            if offset != position || offset == 0 { connection.flight.begin(at: SFTPConnection.now) }
            seek(file, to: offset)
            let count = try connection.request("receiving a file", handle.path) {
                // SAFETY: no more than the buffer holds.
                libssh2_sftp_read(
                    file, buffer.baseAddress!.assumingMemoryBound(to: CChar.self),
                    SFTPFile.ask(for: within, atMost: granted))
            }
            connection.flight.moved(count, at: SFTPConnection.now, trip: connection.trip.seconds)
            position = offset + Int64(count)
            return count
        }
        return moved
    }

    /// libssh2 asks the server for four times the size of the buffer ahead: a quarter of what is wanted makes that exact.
    private static func ask(for wanted: Int64, atMost limit: Int) -> Int {
        min(limit, max(smallestAsk, Int(clamping: wanted / 4)))
    }
    private static let smallestAsk = 2048

    /// Writes at an offset: hands the bytes over, and returns when the server has acknowledged some of them from the front.
    /// Call again with the rest and what follows: libssh2 knows which of them are already on their way. With 1 MiB and more
    /// each time the line stays full.
    /// - Returns: how many were acknowledged, at least 1 unless the buffer is empty.
    package func write(at offset: Int64, _ bytes: UnsafeRawBufferPointer) throws(SSHError) -> Int {
        guard bytes.count > 0 else { return 0 }
        begin()
        let new = try connection.paced(max(min(bytes.count, SFTPFile.inFlightLimit, flightWindow) - inFlight, 0))
        return try connection.exclusively { () throws(SSHError) in
            let file = try handle.pointer()
            seek(file, to: offset)
            let handed = inFlight + new
            return try write(file, bytes.baseAddress!.assumingMemoryBound(to: CChar.self), handed)
        }
    }

    private func begin() {
        if !isMoving { connection.trip.begin() }
        isMoving = true
    }

    private func end() {
        if isMoving { connection.trip.end() }
        isMoving = false
    }

    /// See ``FlightRule``.
    private var flightWindow: Int { (try? connection.exclusively { connection.flight.window }) ?? FlightRule.first }

    /// In bytes. Smaller than the window of an OpenSSH server (2 MiB, of which it gives back what was read with a delay of at
    /// most 96 KiB), so that no request is ever cut in two: libssh2 would forget the second half of it after an error, and
    /// the server would wait for it for ever.
    package static let inFlightLimit = 7 << 18

    /// - Parameter count: at least what is in flight already.
    private func write(_ file: OpaquePointer, _ bytes: UnsafePointer<CChar>, _ count: Int) throws(SSHError) -> Int {
        if inFlight == 0 { connection.flight.begin(at: SFTPConnection.now) }
        inFlight = count
        do throws(SSHError) {
            var done = 0
            while done == 0 {
                // SAFETY: libssh2 reads only what is not in flight yet, and copies it.
                done = try connection.request("sending a file", handle.path) { libssh2_sftp_write(file, bytes, count) }
            }
            connection.flight.moved(done, at: SFTPConnection.now, trip: connection.trip.seconds)
            inFlight -= done
            position = position.map { $0 + Int64(done) }
            return done
        } catch {
            // libssh2 has dropped what was in flight.
            (inFlight, position) = (0, nil)
            if case .sftp(.failure, let path) = error, isFull(file) { throw .sftp(.full, path: path) }
            throw error
        }
    }

    /// Waits until nothing is in flight: only then may another request follow.
    private func settle() throws(SSHError) {
        var nothing: CChar = 0
        while inFlight > 0 {
            try connection.exclusively { () throws(SSHError) in
                _ = try write(handle.pointer(), &nothing, inFlight)
            }
        }
    }

    /// Writes all bytes at an offset.
    package func writeAll(at offset: Int64, _ bytes: [UInt8]) throws(SSHError) {
        var done = 0
        while done < bytes.count {
            done += try bytes.withUnsafeBufferPointer { all throws(SSHError) in
                try write(at: offset + Int64(done), UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: all[done...])))
            }
        }
    }

    /// What the server says of it now.
    package func attributes() throws(SSHError) -> SFTPAttributes {
        try connection.exclusively { () throws(SSHError) in
            let file = try handle.pointer()
            var attributes = LIBSSH2_SFTP_ATTRIBUTES()
            _ = try connection.request("asking about a file", handle.path) {
                Int(libssh2_sftp_fstat_ex(file, &attributes, 0))
            }
            return SFTPAttributes(attributes)
        }
    }

    /// Makes what was written durable (`fsync@openssh.com`).
    /// - Throws: ``SFTPStatus/unsupported`` if the server is not OpenSSH's.
    package func sync() throws(SSHError) {
        try connection.exclusively { () throws(SSHError) in
            let file = try handle.pointer()
            _ = try connection.request("syncing a file", handle.path) { Int(libssh2_sftp_fsync(file)) }
        }
    }

    /// Closes it at the server; a second call does nothing. What is still in flight is waited for.
    package func close() throws(SSHError) {
        defer { end() }
        do throws(SSHError) {
            try settle()
        } catch {
            try? handle.close()
            throw error
        }
        try handle.close()
    }

    deinit { try? close() }

    /// A seek throws away what was read ahead, so it is made only where the place is another one.
    private func seek(_ file: OpaquePointer, to offset: Int64) {
        guard offset != position else { return }
        precondition(inFlight == 0, "written bytes are still in flight: go on where they end")
        libssh2_sftp_seek64(file, UInt64(offset))
        position = offset
    }

    /// OpenSSH answers a full disk with a plain failure; `statvfs@openssh.com` tells.
    private func isFull(_ file: OpaquePointer) -> Bool {
        var space = LIBSSH2_SFTP_STATVFS()
        let code = try? connection.session.perform("asking for free space") {
            Int(libssh2_sftp_fstatvfs(file, &space))
        }
        return code == 0 && (space.f_bavail == 0 || (space.f_files > 0 && space.f_favail == 0))
    }
}

extension SFTPConnection {
    /// Opens a file.
    /// - Parameter mode: permission bits for a file that is made, before the server's umask.
    package func open(_ path: [UInt8], _ access: SFTPFile.Access, mode: UInt32 = 0o644) throws(SSHError) -> SFTPFile {
        SFTPFile(try SFTPHandle(self, path, flags: access.rawValue, mode: mode, kind: LIBSSH2_SFTP_OPENFILE))
    }
}
