internal import FileTree
import SyncCore
import Synchronization

/// A file in the share whose bytes are to be looked at.
struct ShareHashRequest: Sendable {
    var spot: Spot
    var path: RelativePath
    /// In bytes, to make batches of about equal work.
    var size: Int64
    /// It looked the same a whole settling time ago: what has to do where writers cannot be told.
    var wasQuiet: Bool
}

/// What came of looking.
enum ShareHashResult: Sendable {
    /// With a copy of exactly those bytes, if one is to be kept.
    case hashed(HashedFile, copy: PrivateItem?)
    /// A program has it open for writing.
    case busy
    /// Whether somebody writes cannot be told here: look again when it has stayed like this for a while.
    case unsure(Fingerprint)
    case failed(FileTreeError)
}

/// Reads files of the share, away from the hub's queue. Any thread.
final class ShareHasher: Sendable {
    private let store: Store
    private var share: TreeRoot { store.share }
    private let isStopped = Atomic(false)

    init(_ store: Store) { self.store = store }

    func stop() { isStopped.store(true, ordering: .relaxed) }

    /// Looks at some files, and makes what was read durable, with its names: a journal that knew bytes which a power cut takes
    /// away would send what is left of them to everybody.
    func look(at requests: [ShareHashRequest]) -> [ShareHashResult] {
        var read: [FileReader] = []
        let results = requests.map { look(at: $0, &read) }
        guard results.contains(where: { if case .hashed = $0 { true } else { false } }) else { return results }
        let copies = results.compactMap { if case .hashed(_, let copy) = $0 { copy } else { nil } }
        do throws(FileTreeError) {
            try store.sync(read: read, in: Set(requests.map(\.path.parent)), copies)
            return results
        } catch {
            return results.map { result in
                guard case .hashed(_, let copy) = result else { return result }
                try? copy?.remove()
                return .failed(error)
            }
        }
    }

    /// - Parameter read: gets the files whose bytes count, as long as they are few enough to be made durable one by one.
    private func look(at request: ShareHashRequest, _ read: inout [FileReader]) -> ShareHashResult {
        do throws(FileTreeError) {
            let file = try share.openFile(request.path)
            switch file.isWriterActive() {
            case true?: return .busy
            case nil where !request.wasQuiet: return .unsure(try file.status().fingerprint)
            default: break
            }
            let (hashed, copy) = try store.hashKeeping(file) { isStopped.load(ordering: .relaxed) }
            // Who opened it while it was read may be about to write.
            if file.isWriterActive() == true {
                try? copy?.remove()
                return .busy
            }
            if read.count <= Store.fewFiles { read.append(file) }
            return .hashed(hashed, copy: copy)
        } catch {
            return .failed(error)
        }
    }
}
