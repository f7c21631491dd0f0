internal import ControlAPI
internal import FileTree
internal import Index
internal import Processes
internal import SyncCore
internal import Transport

/// What the hub has lost and asks for: sent without an operation, since nothing has changed here.
final class GivingBack {
    private let worker: FolderWorker
    /// What is large goes with the bulk, so that nothing small waits for it.
    private let lane: Lane
    /// False while nothing may be sent.
    private let mayGoOn: () -> Bool
    private let takeWanted: () -> [ContentKey]
    private let log = Log("up")
    /// What the hub has asked for and was neither given nor refused yet.
    private var asked: [ContentKey] = []

    /// - Parameter takeWanted: what the hub asks for and was not taken yet.
    init(
        worker: FolderWorker, lane: Lane, mayGoOn: @escaping () -> Bool,
        takeWanted: @escaping () -> [ContentKey] = { [] }
    ) {
        (self.worker, self.lane, self.mayGoOn, self.takeWanted) = (worker, lane, mayGoOn, takeWanted)
    }

    /// Gives the hub what it asks for. What a pause or a lost connection leaves comes with the next call.
    func run(_ hub: any HubConnection) throws {
        asked += takeWanted().filter { !asked.contains($0) }
        while let content = asked.first, mayGoOn() {
            try give(content, to: hub)
            asked.removeFirst()
        }
    }

    /// Whether a content goes with the bulk.
    static func isLarge(_ content: ContentKey) -> Bool { content.size >= HashPass.large }

    /// Gives the hub a content if a file here has it. What goes wrong with one is told in the log; it is asked for again.
    func give(_ content: ContentKey, to hub: any HubConnection) throws {
        guard let digest = Digest(hex: content.sha256),
            let path = try worker.perform({ folder in
                try folder.index.entry(holding: digest, size: content.size).flatMap { try folder.index.path(of: $0) }
            })
        else { return }
        do {
            let file = try worker.tree.root.openFile(path)
            let name = "want-\(content.sha256)"
            try hub.upload(
                name, [.file(descriptor: file.rawDescriptor, length: content.size)], lane, goOn: mayGoOn)
            try hub.offer(OfferRequest(content: content, staged: name))
            log.info("given-back", ["path": path.description, "bytes": content.size])
        } catch let error as HubError where error.endsConnection {
            throw error
        } catch HubError.cancelled {
            throw HubError.cancelled
        } catch {
            log.warning("not-given-back", ["path": path.description, "reason": "\(error)"])
        }
    }
}
