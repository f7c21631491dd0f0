internal import ControlAPI
internal import FileTree
internal import Index
internal import Processes
internal import SyncCore
internal import Transport

// What the hub has lost and asks for: sent without an operation, since nothing has changed here.
extension UpPass {
    /// Which of these contents the hub has.
    func whatIsThere(_ files: [FileContent], _ hub: any HubConnection) throws(HubError) -> Set<Digest> {
        var found: Set<Digest> = []
        for start in stride(from: 0, to: files.count, by: HoldsMessage.limit) {
            let page = files[start..<min(start + HoldsMessage.limit, files.count)]
            let there = try hub.holds(page.map { ContentKey(sha256: $0.digest.hex, size: $0.size) })
            found.formUnion(there.compactMap { Digest(hex: $0.sha256) })
        }
        return found
    }

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
                name, [.file(descriptor: file.rawDescriptor, length: content.size)], .quick,
                goOn: { !self.isStopping() })
            try hub.offer(OfferRequest(content: content, staged: name))
            log.info("given-back", ["path": path.description, "bytes": content.size])
        } catch let error as HubError where error.endsConnection {
            throw error
        } catch {
            log.warning("not-given-back", ["path": path.description, "reason": "\(error)"])
        }
    }
}
