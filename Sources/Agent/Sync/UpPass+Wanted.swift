internal import ControlAPI
internal import FileTree
internal import Index
internal import Processes
internal import SyncCore
internal import Transport

// What the hub has need not be sent.
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
}
