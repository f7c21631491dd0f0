internal import ControlAPI
internal import FileTree
import SyncCore

// Where contents lie that are made ready ahead of the commits that name them: out of their clients' reach, in a directory for each.
// What has the name of a staged file there goes back to staging when a hub starts, so that nothing has to be sent again; everything
// else is rubbish then.
extension Store {
    /// A client's; made if missing.
    func ahead(of client: String) throws(FileTreeError) -> PrivateArea {
        try PrivateArea(path: "\(layout.ahead)/\(client)")
    }

    /// As agents call it in staging.
    static func aheadName(_ digest: Digest) -> Name {
        try! Name(StagedResponse.prefix + digest.hex)  // SAFETY: letters and digits are a name.
    }

    /// Back to where its client finds it, and goes on with it. What has its name there stays, and this one goes.
    func giveBack(_ ready: ReadyContent) {
        giveBack(ready.item, as: Store.aheadName(ready.digest), of: ready.client)
    }

    /// The same for what is not ready.
    func giveBack(_ item: PrivateItem, as name: Name, of client: String) {
        do {
            _ = try item.move(to: stagingArea(of: client), as: name)
        } catch {
            hubLog.warning("not_given_back", ["client": client, "file": name, "reason": "\(error)"])
            try? item.remove()
        }
    }

    /// What a start finds: nobody knows any more what of it was verified.
    func giveBackAll() throws {
        guard let root = try? TreeRoot(path: layout.ahead), let clients = try? root.list(.top) else { return }
        for client in clients where client.status.kind == .directory {
            let area = try ahead(of: client.name.description)
            for item in try area.items() {
                let text = item.name.description
                guard text.hasPrefix(StagedResponse.prefix),
                    Digest(hex: String(text.dropFirst(StagedResponse.prefix.count))) != nil
                else {
                    try item.remove()
                    continue
                }
                giveBack(item, as: item.name, of: client.name.description)
            }
        }
    }
}
