package import ControlAPI
internal import SSH
internal import Synchronization

/// The SFTP connections for large contents: made when they are asked for.
final class BulkLanes: Sendable {
    private let lanes = Mutex<[Int: SFTPLane]>([:])
    private let make: @Sendable () -> SFTPLane

    init(_ make: @escaping @Sendable () -> SFTPLane) { self.make = make }

    subscript(_ number: Int) -> SFTPLane {
        lanes.withLock { lanes in
            if let lane = lanes[number] { return lane }
            let lane = make()
            lanes[number] = lane
            return lane
        }
    }

    func cancel() { for lane in lanes.withLock({ Array($0.values) }) { lane.cancel() } }
}

extension SSHHubConnection {
    /// See ``HubConnection/staged(_:)``.
    package func staged(_ request: StagedRequest) throws(HubError) -> StagedResponse {
        try control.message(StagedResponse.self, .staged, body: WireFormat.encode(request), timeout: 3_600)
    }

    /// See ``HubConnection/makeReady(_:)``.
    package func makeReady(_ request: PrepareRequest) throws(HubError) -> Bool {
        var request = request
        request.epoch = hello.epoch
        return try control.message(
            PrepareResponse.self, .prepare, body: WireFormat.encode(request), timeout: Double(request.wait ?? 0) + 60
        ).isReady
    }

    /// See ``HubConnection/checkRoom(for:_:)``.
    package func checkRoom(for bytes: Int64, _ lane: Lane) throws(HubError) {
        let directory = Array(hello.staging.utf8)
        try staging(lane) { try $0.checkRoom(for: bytes, in: directory) }
    }

    /// See ``HubConnection/stage(_:from:_:_:progress:)``.
    package func stage(
        _ name: String, from descriptor: Int32, _ range: Range<Int64>, _ lane: Lane, progress: (Int) -> Bool
    ) throws(HubError) {
        let path = Array(hello.staging.utf8) + [UInt8(ascii: "/")] + Array(name.utf8)
        try staging(lane) { connection in
            if range.isEmpty { return try connection.open(path, [.write, .create, .truncate]).close() }
            let length = range.upperBound - range.lowerBound
            let sent = try connection.upload(
                from: descriptor, offset: range.lowerBound, length: length, to: path,
                remoteOffset: range.lowerBound, progress: progress)
            if sent < length { throw HubError.transferFailed("the file became shorter while it was sent") }
        }
    }
}

extension SSHHubConnection {
    /// See ``HubConnection/download(_:_:_:sink:)``; the bytes are not verified here.
    package func download(
        _ file: SharedFile, _ range: Range<Int64>, _ lane: Int, sink: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        func read(_ connection: SFTPConnection, _ path: [UInt8]) throws {
            _ = try connection.download(
                path, offset: range.lowerBound, length: range.upperBound - range.lowerBound, sink: sink)
        }
        if let path = try path(of: file) { return try bulkDown[lane].use { try read($0, path) } }
        try reading(
            try layOut([LayOutRequest.Item(node: file.node.rawValue, sha256: file.digest.hex)]),
            over: bulkDown[lane], read)
    }

    /// See ``HubConnection/extents(_:)``.
    package func extents(_ file: SharedFile) throws(HubError) -> [Range<Int64>] {
        let items = [LayOutRequest.Item(node: file.node.rawValue, sha256: file.digest.hex)]
        let answer = try control.message(
            ExtentsResponse.self, .extents, body: WireFormat.encode(LayOutRequest(epoch: hello.epoch, items: items)))
        return answer.ranges(within: file.size)
    }
}
