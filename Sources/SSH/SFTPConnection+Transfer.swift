/// Whole files and ranges, streamed in blocks.
extension SFTPConnection {
    /// In bytes: libssh2 reads four of these ahead.
    package static let downloadBlock = 1 << 20

    /// Sends `length` bytes of a local file, from `offset`, to the same count of bytes at `remoteOffset` of a file at the server.
    /// - Parameters:
    ///   - file: a local descriptor, read with `pread`; its position does not matter.
    ///   - access: by default the file is made, or kept as it is if it is there (resuming); add `.truncate` or `.exclusive`.
    ///   - progress: called with the bytes acknowledged since the last call; `false` stops with ``SSHError/stopped``, as
    ///     soon as what is in flight (less than 2 MiB) has arrived. To stop at once, cancel the connection.
    /// - Returns: the bytes sent: less than `length` if the local file ended earlier.
    @discardableResult
    package func upload(
        from file: Int32, offset: Int64 = 0, length: Int64, to path: [UInt8], remoteOffset: Int64 = 0,
        access: SFTPFile.Access = [.write, .create], mode: UInt32 = 0o644, progress: (Int) -> Bool = { _ in true }
    ) throws(SSHError) -> Int64 {
        let target = try open(path, access, mode: mode)
        let sent = try send(from: file, offset: offset, length: length, to: target, remoteOffset, progress)
        try target.close()
        return sent
    }

    /// Sends ranges of a local file to the same places of a file at the server, which is made if it is not there. It is opened
    /// once, before the first one is asked for.
    /// - Parameters:
    ///   - next: asked for the next range as soon as the one before it was acknowledged; nil for no more.
    ///   - progress: as above.
    /// - Returns: false if the local file ended before a range did; then no more was asked for.
    package func upload(
        from file: Int32, to path: [UInt8], next: () -> Range<Int64>?, progress: (Int) -> Bool
    ) throws(SSHError) -> Bool {
        let target = try open(path, [.write, .create])
        var isWhole = true
        while isWhole, let range = next() {
            let length = range.upperBound - range.lowerBound
            isWhole =
                try length
                == send(
                    from: file, offset: range.lowerBound, length: length, to: target, range.lowerBound, progress)
        }
        try target.close()
        return isWhole
    }

    private func send(
        from file: Int32, offset: Int64, length: Int64, to target: SFTPFile, _ remoteOffset: Int64,
        _ progress: (Int) -> Bool
    ) throws(SSHError) -> Int64 {
        var window = UploadWindow(file: file, offset: offset, length: length)
        while try window.fill() {
            let count = try target.write(at: remoteOffset + window.acknowledged, window.unacknowledged)
            window.acknowledge(count)
            if !progress(count) { throw .stopped }
        }
        return window.acknowledged
    }

    /// Reads a range of a file at the server.
    /// - Parameters:
    ///   - length: in bytes; `nil` for all that follows.
    ///   - sink: called with each block in order; what it throws ends the download and leaves the connection alive.
    /// - Returns: the bytes received: less than `length` if the file ended earlier.
    @discardableResult
    package func download(
        _ path: [UInt8], offset: Int64 = 0, length: Int64? = nil, sink: (UnsafeRawBufferPointer) throws -> Void
    ) throws -> Int64 {
        let source = try open(path, .read)
        let end = length.map { offset + $0 } ?? Int64.max
        let known = length == nil ? try source.attributes().size ?? Int64.max : end
        let count = try receive(source, from: offset, to: end, expecting: known, sink: sink)
        try source.close()
        return count
    }

    /// Reads ranges of a file at the server. It is opened once, before the first one is asked for.
    /// - Parameters:
    ///   - next: asked for the next range as soon as the one before it has come; nil for no more.
    ///   - sink: called with each block in order, and where it lies in the file; what it throws ends the download and leaves the
    ///     connection alive.
    /// - Returns: false if the file ended before a range did; then no more was asked for.
    package func download(
        _ path: [UInt8], next: () -> Range<Int64>?, sink: (UnsafeRawBufferPointer, Int64) throws -> Void
    ) throws -> Bool {
        let source = try open(path, .read)
        var isWhole = true
        while isWhole, let range = next() {
            var position = range.lowerBound
            let end = range.upperBound
            _ = try receive(source, from: position, to: end, expecting: end) { block in
                try sink(block, position)
                position += Int64(block.count)
            }
            isWhole = position == end
        }
        try source.close()
        return isWhole
    }

    /// Reads the beginning of a file at the server.
    /// - Returns: the bytes received: fewer than there is room for if the file ended earlier.
    package func download(_ path: [UInt8], into buffer: UnsafeMutableRawBufferPointer) throws(SSHError) -> Int64 {
        let source = try open(path, .read)
        var position = 0
        while position < buffer.count {
            let room = UnsafeMutableRawBufferPointer(rebasing: buffer[position...].prefix(SFTPConnection.downloadBlock))
            let count = try source.read(at: Int64(position), into: room, within: Int64(buffer.count - position))
            if count == 0 { break }
            position += count
        }
        try source.close()
        return Int64(position)
    }

    private func receive(
        _ source: SFTPFile, from offset: Int64, to end: Int64, expecting known: Int64,
        sink: (UnsafeRawBufferPointer) throws -> Void
    ) throws -> Int64 {
        let size = min(SFTPConnection.downloadBlock, Int(clamping: max(known, offset + 1) - offset))
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: max(size, 1), alignment: 16)
        defer { buffer.deallocate() }
        var position = offset
        while position < end {
            let room = UnsafeMutableRawBufferPointer(rebasing: buffer.prefix(Int(clamping: end - position)))
            // A file that grows is read to its end, a little at a time.
            let count = try source.read(at: position, into: room, within: max(known - position, 0))
            if count == 0 { break }
            let came = SFTPConnection.now
            try sink(UnsafeRawBufferPointer(rebasing: room.prefix(count)))
            try exclusively { () throws(SSHError) in flight.rest(SFTPConnection.now - came) }
            position += Int64(count)
        }
        return position - offset
    }
}

/// The part of a local file that is on its way: read from the front, kept until the server has acknowledged it.
private struct UploadWindow: ~Copyable {
    private let file: Int32
    private let offset: Int64
    private var length: Int64
    private let buffer: UnsafeMutableRawBufferPointer
    /// Where in `buffer` the unacknowledged bytes are.
    private var held = 0..<0
    private(set) var acknowledged: Int64 = 0

    init(file: Int32, offset: Int64, length: Int64) {
        self.file = file
        self.offset = offset
        self.length = length
        // Twice what may be in flight, so that there is always a whole window to hand over.
        buffer = .allocate(byteCount: min(2 * SFTPFile.inFlightLimit, max(Int(clamping: length), 1)), alignment: 16)
    }

    deinit { buffer.deallocate() }

    var unacknowledged: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: buffer[held]) }

    /// Reads more when less is held than may be in flight; false when all is acknowledged.
    mutating func fill() throws(SSHError) -> Bool {
        let wanted = Int(min(length - acknowledged, Int64(buffer.count)))
        guard held.count < wanted, held.count < SFTPFile.inFlightLimit else { return wanted > 0 }
        UnsafeMutableRawBufferPointer(rebasing: buffer[..<held.count]).copyMemory(from: unacknowledged)
        let room = UnsafeMutableRawBufferPointer(rebasing: buffer[held.count..<wanted])
        let count = try LocalFile.read(file, at: offset + acknowledged + Int64(held.count), into: room)
        held = 0..<held.count + count
        if held.count < wanted { length = acknowledged + Int64(held.count) }
        return !held.isEmpty
    }

    mutating func acknowledge(_ count: Int) {
        held = held.lowerBound + count..<held.upperBound
        acknowledged += Int64(count)
    }
}
