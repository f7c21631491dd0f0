package import ControlAPI
import Glibc
internal import HTTPClient
internal import SSH
package import SyncCore
internal import Synchronization

/// A hub over SSH: one connection carries the tunnelled API, one SFTP uploads, one downloads.
package final class SSHHubConnection: HubConnection {
    let control: ControlChannel
    private let up: SFTPLane
    let down: SFTPLane
    /// For large contents.
    let bulkUp, bulkDown: BulkLanes
    /// Asks without leaving a trace at the hub.
    private let onlyLooks: Bool
    private let limits: TransferLimits
    /// See ``HubConnection/hello``.
    package let hello: HelloResponse
    /// Where this client's root lies below the share, as the hub said last; escaped.
    private let subtree = Mutex<String?>(nil)
    /// How much may come behind a page of changes.
    private let behind = Mutex(BehindRule())
    /// Up to where the hub has told what others are sending.
    private let comingMark = Mutex<Int64>(0)
    /// Whether what the hub lays out can be read in the staging directory only.
    private let isBoundToStaging = Mutex(false)

    /// Logs in at the first address where the hub is, and says hello.
    /// - Parameters:
    ///   - onlyLooks: the hub is asked for what it has, and remembers nothing of being asked.
    ///   - timeout: for each address that has the time which it needs, and for SFTP calls without progress.
    ///   - early: a login for uploads that may have begun.
    ///   - onClose: called once, on a thread of its own, when the connection has broken; not for ``close()``.
    package static func connect(
        to address: HubAddress, hello: HelloRequest, onlyLooks: Bool = false, timeout: Duration = .seconds(20),
        early: EarlyUploads? = nil, onClose: @escaping @Sendable (String) -> Void
    ) throws(HubError) -> SSHHubConnection {
        try address.atOneHost(patience: timeout) { server, patience throws(HostFailure) in
            let control = try ControlChannel.open(address, server, patience, onClose)
            do throws(HubError) {
                return try SSHHubConnection(control, address, server, hello, onlyLooks, timeout, early)
            } catch {
                throw HostFailure(error)
            }
        }
    }

    private init(
        _ control: ControlChannel, _ address: HubAddress, _ server: SSHAddress, _ request: HelloRequest,
        _ onlyLooks: Bool, _ timeout: Duration, _ early: EarlyUploads?
    ) throws(HubError) {
        self.control = control
        let early = early?.lane(at: server)
        let trip = early?.trip ?? RoundTrip()
        @Sendable func lane(_ pace: any Pace) -> SFTPLane {
            SFTPLane(address, server: server, timeout: timeout, pace: pace, trip: trip)
        }
        let limits = address.limits
        up = early ?? lane(limits.up.quick)
        down = lane(limits.down.quick)
        bulkUp = BulkLanes { lane(limits.up.bulk) }
        bulkDown = BulkLanes { lane(limits.down.bulk) }
        self.onlyLooks = onlyLooks
        self.limits = limits
        var request = request
        request.machine = address.machine
        do throws(HubError) {
            hello = try control.message(
                HelloResponse.self, .hello, query: onlyLooks ? "?dry=1" : "", body: WireFormat.encode(request))
        } catch {
            control.close()
            throw error
        }
        subtree.withLock { [hello] in $0 = hello.subtree }
    }

    /// See ``HubConnection/root``.
    package var root: String? { subtree.withLock { $0 } }

    // MARK: - Coordination

    /// See ``HubConnection/changes(since:complete:collected:late:wanted:wait:barrier:paused:limits:filesBehind:)``.
    package func changes(
        since: Sequence, complete: Sequence, collected: Sequence, late: Int64, wanted: Int64, wait: Int,
        barrier: Int64, paused: Bool, limits: LimitsMessage?, filesBehind: Bool
    ) throws(HubError) -> (ChangesResponse, BytesBehind?) {
        let most = filesBehind && !onlyLooks && !self.limits.down.isLimited ? behind.withLock { $0.most } : 0
        let query =
            "?since=\(since.rawValue)&wait=\(wait)&epoch=\(hello.epoch)&barrier=\(barrier)&paused=\(paused ? 1 : 0)"
            + "&complete=\(complete.rawValue)&collected=\(collected.rawValue)&late=\(late)&wanted=\(wanted)"
            + "&limits=\(limits?.queryText ?? LimitsMessage.noneInQuery)"
            + (onlyLooks ? "&dry=1" : "&inline=1&coming=\(comingMark.withLock { $0 })")
            + (most > 0 ? "&behind=\(most)" : "")
        let (answer, bytes) = try control.messageWithBytes(
            ChangesResponse.self, .changes, query: query, timeout: Double(wait) + 30,
            measured: { count, time in behind.withLock { $0.observe(count, in: time) } })
        subtree.withLock { $0 = answer.subtree }
        if let mark = answer.comingMark { comingMark.withLock { $0 = mark } }
        return (answer, bytes)
    }

    /// Ends a change of key and token: with this connection's, which are the new ones. See ``Rotating``.
    package func finishRotation() throws(HubError) {
        _ = try control.message(
            RotateResponse.self, .rotate, body: WireFormat.encode(RotateRequest(publicKey: nil)))
    }

    /// See ``HubConnection/offer(_:)``.
    package func offer(_ offer: OfferRequest) throws(HubError) {
        _ = try control.message(EmptyResponse.self, .offer, body: WireFormat.encode(offer), timeout: 3_600)
    }

    /// See ``HubConnection/holds(_:)``.
    package func holds(_ contents: [ContentKey]) throws(HubError) -> [ContentKey] {
        try control.message(
            HoldsMessage.self, .holds, body: WireFormat.encode(HoldsMessage(contents: contents))
        ).contents
    }

    /// See ``HubConnection/snapshot(after:)``.
    package func snapshot(after: NodeID) throws(HubError) -> SnapshotResponse {
        let query = "?epoch=\(hello.epoch)&after=\(after.rawValue)" + (onlyLooks ? "&dry=1" : "")
        return try control.message(SnapshotResponse.self, .snapshot, query: query)
    }

    /// See ``HubConnection/commit(_:behind:)``.
    package func commit(_ request: [UInt8], behind: [UInt8]) throws(HubError) -> CommitResponse {
        if behind.isEmpty { return try control.message(CommitResponse.self, .commit, body: request, timeout: 3_600) }
        return try control.message(
            CommitResponse.self, .commit, body: MessageWithBytes.join(request, behind),
            as: MessageWithBytes.contentType,
            timeout: 3_600)
    }

    /// See ``HubConnection/mostBehind``.
    package var mostBehind: Int64 { limits.up.isLimited ? 0 : hello.behind ?? 0 }

    /// See ``HubConnection/report(_:)``.
    package func report(_ report: ReportRequest) throws(HubError) {
        _ = try control.message(EmptyResponse.self, .report, body: WireFormat.encode(report))
    }

    /// See ``HubConnection/forward(_:_:_:)``.
    package func forward(
        _ method: String, _ path: String, _ body: [UInt8]
    ) throws(HubError) -> (status: Int, body: [UInt8]) {
        let reply = try control.send(method, path, body: body, timeout: 3_700)
        return (reply.status, reply.body)
    }

    // MARK: - Bytes

    /// See ``HubConnection/upload(_:_:_:goOn:)``; the name is that of a file in this client's staging directory.
    package func upload(
        _ name: String, _ parts: [UploadPart], _ lane: Lane, goOn: () -> Bool
    ) throws(HubError) {
        let directory = Array(hello.staging.utf8)
        let path = directory + [UInt8(ascii: "/")] + Array(name.utf8)
        try staging(lane) { connection in
            try connection.checkRoom(for: parts, in: directory)
            do throws(SSHError) {
                try connection.upload(parts, to: path, goOn: goOn)
            } catch {
                // What has no inode left is not open, so that only now it is seen why.
                if case .sftp(.failure, _) = error { try connection.checkRoom(for: parts, in: directory) }
                throw error
            }
        }
    }

    /// See ``HubConnection/clearStaging(_:_:)``.
    package func clearStaging(_ lane: Lane, _ removes: (String) -> Bool) throws(HubError) -> Int {
        let directory = Array(hello.staging.utf8)
        return try staging(lane) { connection in
            // What the hub has laid out for downloads is not what was uploaded.
            let files = try connection.list(directory).filter {
                !$0.name.starts(with: LayOutResponse.prefix.utf8) && removes(String(decoding: $0.name, as: UTF8.self))
            }
            for file in files {
                let path = directory + [UInt8(ascii: "/")] + file.name
                do throws(SSHError) { try connection.remove(path) } catch { if !error.isNotFound { throw error } }
            }
            return files.count
        }
    }

    func staging<Value>(
        _ lane: Lane = .quick, _ body: (SFTPConnection) throws -> Value
    ) throws(HubError) -> Value {
        do {
            switch lane {
            case .quick: return try up.use(body)
            case .bulk(let number): return try bulkUp[number].use(body)
            }
        } catch let error as HubError { throw error } catch {
            throw .transferFailed("\(error)")
        }
    }

    /// See ``HubConnection/download(_:sink:)``; the bytes are not verified here.
    package func download(_ file: SharedFile, sink: (UnsafeRawBufferPointer) throws -> Void) throws -> Int64 {
        guard let path = try path(of: file) else { return try downloadLaidOut(file, sink: sink) }
        return try down.use { connection in try connection.download(path, sink: sink) }
    }

    /// As SFTP names it; nil where it cannot.
    func path(of file: SharedFile) throws -> [UInt8]? {
        let below = try subtree.withLock { $0 }.map { try wirePath($0, field: "subtree") } ?? .top
        let path = Array(hello.share.utf8) + [UInt8(ascii: "/")] + below.appending(file.path).bytes
        return path.count > SSHHubConnection.longestPath ? nil : path
    }

    /// What the other side's kernel takes in one call, in bytes (PATH_MAX, without the NUL).
    static let longestPath = 4_095

    private func downloadLaidOut(
        _ file: SharedFile, sink: (UnsafeRawBufferPointer) throws -> Void
    ) throws -> Int64 {
        try reading(try layOut([file])) { connection, path in try connection.download(path, sink: sink) }
    }

    /// See ``HubConnection/download(_:sink:)``; the bytes are not verified here.
    package func download(
        _ files: [SharedFile], sink: (SharedFile, UnsafeRawBufferPointer) throws -> Void
    ) throws {
        let (laidOut, behind) = try ask(for: files)
        guard laidOut.offsets.count == files.count else {
            throw HubError.transferFailed("the hub laid out \(laidOut.offsets.count) of \(files.count) files")
        }
        if let behind {
            for (file, offset) in zip(files, laidOut.offsets) where offset >= 0 {
                guard let bytes = behind.bytes(at: offset, count: file.size) else {
                    throw HubError.transferFailed("what the hub laid out is too short")
                }
                try bytes.withUnsafeBytes { try sink(file, $0) }
            }
            return
        }
        let total = zip(files, laidOut.offsets).reduce(Int64(0)) { $1.1 < 0 ? $0 : max($0, $1.1 + $1.0.size) }
        let pack = UnsafeMutableRawBufferPointer.allocate(byteCount: Int(total), alignment: 16)
        defer { pack.deallocate() }
        let count = try reading(laidOut) { connection, path in try connection.download(path, into: pack) }
        guard count == total else { throw HubError.transferFailed("what the hub laid out is too short") }
        for (file, offset) in zip(files, laidOut.offsets) where offset >= 0 {
            try sink(file, UnsafeRawBufferPointer(rebasing: pack[Int(offset)..<Int(offset + file.size)]))
        }
    }

    /// Has files laid out. Their bytes come with the answer, where that holds up nobody and no limit counts them.
    private func ask(for files: [SharedFile]) throws(HubError) -> (LayOutResponse, BytesBehind?) {
        let request = LayOutRequest(
            epoch: hello.epoch, items: SSHHubConnection.items(files), anywhere: !isBoundToStaging.withLock { $0 },
            behind: !limits.down.isLimited)
        return try control.messageWithBytes(
            LayOutResponse.self, .layOut, body: WireFormat.encode(request), timeout: 3_600)
    }

    private static func items(_ files: [SharedFile]) -> [LayOutRequest.Item] {
        files.map { LayOutRequest.Item(node: $0.node.rawValue, sha256: $0.digest.hex) }
    }

    private func layOut(_ files: [SharedFile]) throws(HubError) -> LayOutResponse {
        try layOut(SSHHubConnection.items(files))
    }

    func layOut(_ items: [LayOutRequest.Item]) throws(HubError) -> LayOutResponse {
        let request = LayOutRequest(epoch: hello.epoch, items: items, anywhere: !isBoundToStaging.withLock { $0 })
        return try control.message(
            LayOutResponse.self, .layOut, body: WireFormat.encode(request),
            timeout: 3_600)
    }

    /// Reads what was laid out, and removes it.
    func reading<Value>(
        _ laidOut: LayOutResponse, over lane: SFTPLane? = nil, _ body: (SFTPConnection, [UInt8]) throws -> Value
    ) throws -> Value {
        guard let name = try? Name(laidOut.file) else { throw HubError.transferFailed("the hub named no file") }
        let path = Array((laidOut.directory ?? hello.staging).utf8) + [UInt8(ascii: "/")] + name.bytes
        do {
            return try (lane ?? down).use { connection in
                // What stays after a broken connection is removed with the rest of what lies in staging.
                defer { try? connection.remove(path) }
                return try body(connection, path)
            }
        } catch {
            // A session that may not read there (it is older than the place) asks for its staging directory from now on.
            if laidOut.directory != nil { isBoundToStaging.withLock { $0 = true } }
            throw error
        }
    }

    /// See ``HubConnection/prepare(uploads:)``.
    package func prepare(uploads: Bool) throws(HubError) {
        try (uploads ? up : down).prepare()
    }

    /// See ``HubConnection/cancelTransfers()``; the next transfer opens a new session.
    package func cancelTransfers() {
        up.cancel()
        down.cancel()
        bulkUp.cancel()
        bulkDown.cancel()
    }

    /// See ``HubConnection/close()``.
    package func close() {
        cancelTransfers()
        control.close()
    }
}

extension ControlChannel {
    /// Opens the tunnel.
    static func open(
        _ address: HubAddress, _ server: SSHAddress, _ timeout: Duration,
        _ onClose: @escaping @Sendable (String) -> Void
    ) throws(HostFailure) -> ControlChannel {
        let token: String
        do { token = try address.token() } catch { throw .final(.unusable("\(error)")) }
        do throws(SSHError) {
            let tunnel = try SSHTunnel.connect(
                to: server, expecting: address.hostKey, credentials: address.credentials, timeout: timeout
            ) { reason in
                // Who closes it himself knows, and does not want to be woken for another try.
                if reason != .cancelled { onClose("\(reason)") }
            }
            return ControlChannel(tunnel, port: address.apiPort, token: token)
        } catch {
            throw HostFailure(error)
        }
    }
}

extension SFTPConnection {
    /// Several parts, one after the other, into one new file.
    fileprivate func upload(_ parts: [UploadPart], to path: [UInt8], goOn: () -> Bool) throws(SSHError) {
        var offset: Int64 = 0
        var pending: [UInt8] = []
        let target = try open(path, [.write, .create, .truncate])
        func flush() throws(SSHError) {
            if pending.isEmpty { return }
            try target.writeAll(at: offset, pending)
            offset += Int64(pending.count)
            pending.removeAll(keepingCapacity: true)
            if !goOn() { throw SSHError.stopped }
        }
        for part in parts {
            switch part {
            case .bytes(let bytes):
                pending += bytes
                if pending.count >= (2 << 20) { try flush() }
            case .range(let descriptor, let range):
                var position = range.lowerBound
                while position < range.upperBound {
                    let wanted = Int(min(range.upperBound - position, 1 << 20))
                    let bytes = readBytes(descriptor, at: position, count: wanted)
                    // A file that shrank: as below.
                    pending += bytes + [UInt8](repeating: 0, count: wanted - bytes.count)
                    position += Int64(wanted)
                    if pending.count >= (2 << 20) { try flush() }
                }
            case .file(let descriptor, let length):
                try flush()
                let sent = try upload(
                    from: descriptor, length: length, to: path, remoteOffset: offset, progress: { _ in goOn() })
                // A file that shrank: what follows still lies where it was promised, and the hub sees the gap.
                offset += max(sent, length)
            }
        }
        try flush()
        try target.close()
    }

    /// Looks before a file is begun, so that one that is too large does not take the last room from all others. Some of
    /// it is left for the hub, which has to write down what it is told.
    fileprivate func checkRoom(for parts: [UploadPart], in directory: [UInt8]) throws(SSHError) {
        try checkRoom(for: parts.reduce(Int64(0)) { $0 + $1.length }, in: directory)
    }

    /// The same for so many bytes.
    func checkRoom(for length: Int64, in directory: [UInt8]) throws(SSHError) {
        let free: Int64
        do throws(SSHError) { free = try freeSpace(at: directory) } catch {
            // It cannot tell: then the writing does.
            if case .sftp = error { return }
            throw error
        }
        if free < length + min(length, 1 << 20) { throw .sftp(.full, path: directory) }
    }
}

extension UploadPart {
    /// In bytes.
    fileprivate var length: Int64 {
        switch self {
        case .file(_, let length): length
        case .range(_, let range): range.upperBound - range.lowerBound
        case .bytes(let bytes): Int64(bytes.count)
        }
    }
}

/// Fewer where the file ends, or cannot be read: the hub sees it.
private func readBytes(_ descriptor: Int32, at offset: Int64, count: Int) -> [UInt8] {
    // SAFETY: pread fills at most all of the room that it is told of, and says how much.
    [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
        while filled < count {
            let more = pread(descriptor, buffer.baseAddress! + filled, count - filled, Int(offset) + filled)
            if more < 0 && errno == EINTR { continue }
            if more <= 0 { break }
            filled += more
        }
    }
}
