import ControlAPI
import Hashing
import SyncCore
import Synchronization
import TestSupport
import Transport

/// A hub in memory, of which large files are fetched; it knows nothing else.
final class BulkHub: HubConnection {
    struct State {
        var files: [Digest: [UInt8]] = [:]
        /// Where they have data; all of it unless it is said here.
        var data: [Digest: [Range<Int64>]] = [:]
        var recipes: [Digest: Recipe] = [:]
        /// Over which ranges of a recipe were asked for.
        var lanes: [Lane] = []
        /// Bytes that were sent.
        var sent = 0
        /// Called before each block with what was sent up to then; what it throws ends the download.
        var before: @Sendable (Int) throws -> Void = { _ in }
        /// Answers who wants a content made ready; nobody is answered without it.
        var ready: (@Sendable (PrepareRequest) -> Result<Bool, HubError>)?
        /// Over which lanes contents were given back; nil: none is taken.
        var given: [Lane]?
    }
    let state = Mutex(State())
    let hello = HelloResponse(
        hub: "h", version: "1", client: "ann", epoch: "e", head: 0, known: true, setBack: false, collected: 0,
        staging: "", share: "", maxOperations: 1, paused: nil)
    let root: String? = nil

    private static let block: Int64 = 16 << 10

    /// - Returns: what a node says of these bytes.
    func hold(_ bytes: [UInt8]) -> FileContent {
        let file = FileContent(
            digest: Digest(bytes: sha256(bytes))!,  // SAFETY: 32 bytes.
            size: Int64(bytes.count), mode: Mode(0o644), mtime: 7)
        state.withLock { $0.files[file.digest] = bytes }
        return file
    }

    var sent: Int { state.withLock { $0.sent } }

    func extents(_ file: SharedFile) throws(HubError) -> [Range<Int64>] {
        state.withLock { $0.data[file.digest] ?? [0..<file.size] }
    }

    func download(
        _ file: SharedFile, _ lane: Int, next: () -> Range<Int64>?,
        sink: (UnsafeRawBufferPointer, Int64) throws -> Void
    ) throws -> Bool {
        let (bytes, before) = state.withLock { ($0.files[file.digest] ?? [], $0.before) }
        while let range = next() {
            for start in stride(from: range.lowerBound, to: range.upperBound, by: Int64.Stride(BulkHub.block)) {
                let end = min(start + BulkHub.block, range.upperBound)
                if end > bytes.count { return false }
                try before(sent)
                try bytes[Int(start)..<Int(end)].withUnsafeBytes { try sink($0, start) }
                state.withLock { $0.sent += Int(end - start) }
            }
        }
        return true
    }

    /// The digest, in hex, is the file's name.
    func download(
        coming file: String, _ lane: Int, next: () -> Range<Int64>?,
        sink: (UnsafeRawBufferPointer, Int64) throws -> Void
    ) throws -> Bool {
        guard let digest = Digest(hex: file), state.withLock({ $0.files[digest] }) != nil else {
            throw HubError.notFound("no such file")
        }
        let path = RelativePath([try Name("coming")])
        return try download(
            SharedFile(node: NodeID(0), path: path, digest: digest, size: 0), lane, next: next, sink: sink)
    }

    func recipe(_ file: SharedFile, have: [Digest]) throws(HubError) -> RecipeResponse {
        RecipeResponse(recipe: state.withLock { $0.recipes[file.digest] })
    }

    func download(
        _ file: SharedFile, ranges: [Range<Int64>], _ lane: Lane, sink: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        state.withLock { $0.lanes.append(lane) }
        var rest = ranges[...]
        _ = try download(file, 0, next: { rest.popFirst() }) { block, _ in try sink(block) }
    }

    func download(_ files: [SharedFile], sink: (SharedFile, UnsafeRawBufferPointer) throws -> Void) throws {
        for file in files {
            guard let bytes = state.withLock({ $0.files[file.digest] }) else { continue }
            try bytes.withUnsafeBytes { try sink(file, $0) }
        }
    }

    // MARK: - What nobody asks for here

    private static let nothing = HubError.refused(ErrorMessage(.unknownRoute, "it only has large files"))

    func changes(
        since: Sequence, complete: Sequence, collected: Sequence, late: Int64, wanted: Int64, wait: Int,
        barrier: Int64, paused: Bool, limits: LimitsMessage?, filesBehind: Bool
    ) throws(HubError) -> (ChangesResponse, BytesBehind?) { throw BulkHub.nothing }
    func snapshot(after: NodeID) throws(HubError) -> SnapshotResponse { throw BulkHub.nothing }
    var mostBehind: Int64 { 0 }
    func commit(_ request: [UInt8], behind: [UInt8]) throws(HubError) -> CommitResponse { throw BulkHub.nothing }
    func report(_ report: ReportRequest) throws(HubError) { throw BulkHub.nothing }
    func offer(_ offer: OfferRequest) throws(HubError) {
        if state.withLock({ $0.given == nil }) { throw BulkHub.nothing }
    }
    func holds(_ contents: [ContentKey]) throws(HubError) -> [ContentKey] { throw BulkHub.nothing }
    func forward(
        _ method: String, _ path: String, _ body: [UInt8]
    ) throws(HubError) -> (status: Int, body: [UInt8]) { throw BulkHub.nothing }
    func upload(
        _ name: String, _ parts: [UploadPart], _ lane: Lane, goOn: () -> Bool
    ) throws(HubError) {
        if !goOn() { throw .cancelled }
        let isTaken = state.withLock { state in
            state.given?.append(lane)
            return state.given != nil
        }
        if !isTaken { throw BulkHub.nothing }
    }
    func makeReady(_ request: PrepareRequest) throws(HubError) -> Bool {
        guard let answer = state.withLock({ $0.ready }) else { throw BulkHub.nothing }
        return try answer(request).get()
    }
    func clearStaging(_ lane: Lane, _ removes: (String) -> Bool) throws(HubError) -> Int { throw BulkHub.nothing }
    func staged(_ request: StagedRequest) throws(HubError) -> StagedResponse { throw BulkHub.nothing }
    func checkRoom(for bytes: Int64, _ lane: Lane) throws(HubError) { throw BulkHub.nothing }
    func beginStaging(_ name: String, _ lane: Lane) throws(HubError) { throw BulkHub.nothing }
    func stage(
        _ name: String, from descriptor: Int32, _ lane: Lane, next: () -> Range<Int64>?, progress: (Int) -> Bool
    ) throws(HubError) { throw BulkHub.nothing }
    func download(_ file: SharedFile, sink: (UnsafeRawBufferPointer) throws -> Void) throws -> Int64 {
        throw BulkHub.nothing
    }
    func prepare(uploads: Bool) throws(HubError) {}
    func closeBulk(up: Bool) {}
    func cancelBulk(up: Bool, lane: Int) {}
    func cancelTransfers() {}
    func close() {}
}
