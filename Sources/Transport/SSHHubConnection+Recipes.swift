package import ControlAPI
internal import SSH
package import SyncCore

extension SSHHubConnection {
    /// See ``HubConnection/recipe(_:have:)``.
    package func recipe(_ file: SharedFile, have: [Digest]) throws(HubError) -> RecipeResponse {
        let request = RecipeRequest(
            epoch: hello.epoch, node: file.node.rawValue, sha256: file.digest.hex, have: have.map(\.hex))
        // The hub may have to read all of it first.
        return try control.message(
            RecipeResponse.self, .recipe, body: WireFormat.encode(request), timeout: 3_600)
    }

    /// See ``HubConnection/download(_:ranges:_:sink:)``. Short ranges are laid out by the hub: each by itself would cost round trips.
    package func download(
        _ file: SharedFile, ranges: [Range<Int64>], _ lane: Lane, sink: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        let lane =
            switch lane {
            case .quick: down
            case .bulk(let number): bulkDown[number]
            }
        for group in RangeGroup.divide(ranges) {
            switch group {
            case .alone(let range): try download(file, range, over: lane, sink: sink)
            case .together(let ranges): try downloadTogether(file, ranges, over: lane, sink: sink)
            }
        }
    }

    private func download(
        _ file: SharedFile, _ range: Range<Int64>, over lane: SFTPLane, sink: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        guard let path = try path(of: file) else {
            return try downloadTogether(file, [range], over: lane, sink: sink)
        }
        let length = range.upperBound - range.lowerBound
        let count = try lane.use { connection in
            try connection.download(path, offset: range.lowerBound, length: length, sink: sink)
        }
        guard count == length else { throw HubError.transferFailed("the file at the hub is shorter than it was") }
    }

    private func downloadTogether(
        _ file: SharedFile, _ ranges: [Range<Int64>], over lane: SFTPLane,
        sink: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        let laidOut = try layOut(
            ranges.map { LayOutRequest.Item(node: file.node.rawValue, sha256: file.digest.hex, range: $0) })
        // Each begins where the one before it ends.
        var total: Int64 = 0
        for (range, offset) in zip(ranges, laidOut.offsets) {
            guard offset == total else { throw HubError.transferFailed("the file at the hub is another one now") }
            total += range.upperBound - range.lowerBound
        }
        let count = try reading(laidOut, over: lane) { connection, path in
            try connection.download(path, length: total, sink: sink)
        }
        guard count == total, laidOut.offsets.count == ranges.count
        else { throw HubError.transferFailed("what the hub laid out is too short") }
    }
}

/// How ranges of a file are read. A pure decision.
enum RangeGroup: Hashable {
    /// From the share.
    case alone(Range<Int64>)
    /// From a pack.
    case together([Range<Int64>])

    /// Longer ones are read from the share, in bytes.
    static let short: Int64 = 4 << 20
    /// All ranges of a pack, in bytes.
    static let pack: Int64 = 16 << 20

    /// In the order of the ranges.
    static func divide(_ ranges: [Range<Int64>]) -> [RangeGroup] {
        var groups: [RangeGroup] = []
        var together: [Range<Int64>] = []
        var size: Int64 = 0
        func finish() {
            if !together.isEmpty { groups.append(together.count == 1 ? .alone(together[0]) : .together(together)) }
            (together, size) = ([], 0)
        }
        for range in ranges {
            let length = range.upperBound - range.lowerBound
            if length > short || size + length > pack || together.count == LayOutRequest.limit { finish() }
            if length > short {
                groups.append(.alone(range))
            } else {
                together.append(range)
                size += length
            }
        }
        finish()
        return groups
    }
}
