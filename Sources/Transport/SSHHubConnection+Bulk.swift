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

    /// No connection stays; who needs one logs in again.
    func close() { for lane in lanes.withLock({ Array($0.values) }) { lane.close() } }

    /// One that was never asked for is not there.
    func cancel(_ number: Int) { lanes.withLock { $0[number] }?.cancel() }

    func cancel() { for lane in lanes.withLock({ Array($0.values) }) { lane.cancel() } }
}

extension SSHHubConnection {
    /// See ``HubConnection/staged(_:)``.
    package func staged(_ request: StagedRequest) throws(HubError) -> StagedResponse {
        try control.message(StagedResponse.self, .staged, body: WireFormat.encode(request), timeout: 1_800)
    }

    /// See ``HubConnection/makeReady(_:)``.
    package func makeReady(_ request: PrepareRequest) throws(HubError) -> Bool {
        var request = request
        request.epoch = hello.epoch
        return try control.message(
            PrepareResponse.self, .prepare, body: WireFormat.encode(request), timeout: Double(request.wait ?? 0) + 60
        ).isReady
    }

    /// See ``HubConnection/closeBulk(up:)``.
    package func closeBulk(up: Bool) { (up ? bulkUp : bulkDown).close() }

    /// See ``HubConnection/cancelBulk(up:lane:)``.
    package func cancelBulk(up: Bool, lane: Int) { (up ? bulkUp : bulkDown).cancel(lane) }

    /// See ``HubConnection/checkRoom(for:_:)``.
    package func checkRoom(for bytes: Int64, _ lane: Lane) throws(HubError) {
        let directory = Array(hello.staging.utf8)
        try staging(lane) { try $0.checkRoom(for: bytes, in: directory) }
    }

    /// See ``HubConnection/beginStaging(_:_:)``.
    package func beginStaging(_ name: String, _ lane: Lane) throws(HubError) {
        try staging(lane) { try $0.open(staged(name), [.write, .create, .truncate]).close() }
    }

    /// See ``HubConnection/stage(_:from:_:next:progress:)``.
    package func stage(
        _ name: String, from descriptor: Int32, _ lane: Lane, next: () -> Range<Int64>?, progress: (Int) -> Bool
    ) throws(HubError) {
        try staging(lane) { connection in
            guard try connection.upload(from: descriptor, to: staged(name), next: next, progress: progress)
            else { throw HubError.transferFailed("the file became shorter while it was sent") }
        }
    }

    private func staged(_ name: String) -> [UInt8] {
        Array(hello.staging.utf8) + [UInt8(ascii: "/")] + Array(name.utf8)
    }
}

extension SSHHubConnection {
    /// See ``HubConnection/download(_:_:next:sink:)``; the bytes are not verified here.
    package func download(
        _ file: SharedFile, _ lane: Int, next: () -> Range<Int64>?,
        sink: (UnsafeRawBufferPointer, Int64) throws -> Void
    ) throws -> Bool {
        func read(_ connection: SFTPConnection, _ path: [UInt8]) throws -> Bool {
            try connection.download(path, next: next, sink: sink)
        }
        if let path = try path(of: file) { return try bulkDown[lane].use { try read($0, path) } }
        return try reading(
            try layOut([LayOutRequest.Item(node: file.node.rawValue, sha256: file.digest.hex)]),
            over: bulkDown[lane], read)
    }

    /// See ``HubConnection/download(coming:_:next:sink:)``; the bytes are not verified here.
    package func download(
        coming file: String, _ lane: Int, next: () -> Range<Int64>?,
        sink: (UnsafeRawBufferPointer, Int64) throws -> Void
    ) throws -> Bool {
        try bulkDown[lane].use { try $0.download(Array(file.utf8), next: next, sink: sink) }
    }

    /// See ``HubConnection/extents(_:)``.
    package func extents(_ file: SharedFile) throws(HubError) -> [Range<Int64>] {
        let items = [LayOutRequest.Item(node: file.node.rawValue, sha256: file.digest.hex)]
        let answer = try control.message(
            ExtentsResponse.self, .extents, body: WireFormat.encode(LayOutRequest(epoch: hello.epoch, items: items)))
        return answer.ranges(within: file.size)
    }
}
