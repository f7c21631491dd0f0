internal import ControlAPI
internal import Journal
import SyncCore

// First bytes early: what a client is still sending is announced to the others, who may read it meanwhile. Nothing of it has been
// verified: whoever fetches it does that, as with everything that comes.
extension HubDesk {
    /// A client says how far a content has come that it is sending.
    /// - Parameter file: the staged one.
    func announce(_ message: ComingMessage, in file: String, by client: String) throws {
        guard let digest = Digest(hex: message.sha256), file == Store.aheadName(digest).description, message.size > 0,
            (0...message.size).contains(message.through)
        else {
            throw ErrorMessage(
                .badValue, "the field 'coming' must name what the field 'growing' is to be, and how far it has come")
        }
        let path = try requestedPath(message.path)
        if path.isTop { throw ErrorMessage(.badValue, "the field 'path' of 'coming' must not be empty") }
        guard let directory = try directory(NodeID(message.parent), knownTo: client) else { return }
        let noted = coming.note(
            Coming(
                uploader: client, digest: digest, size: message.size, through: message.through, directory: directory,
                path: path, heard: clock.uptime()))
        store.close(digest, to: noted.stale)
        if noted.isNews, let coming = coming.all[digest] { tellOfComing([coming]) }
    }

    /// All of it has come, and is looked at now.
    /// - Returns: how many names the staged file has beside its own, until ``closeComing(_:)``.
    func finishComing(_ key: PreparingKey) -> Int {
        guard let coming = coming.finish(key.digest, of: key.client, at: clock.uptime()) else { return 0 }
        tellOfComing([coming])
        return store.names(of: key.digest, by: key.client, for: coming.readers)
    }

    /// It was looked at: nobody has access to it any more, and who has fetched it keeps it.
    func closeComing(_ key: PreparingKey) {
        guard let known = coming.all[key.digest], known.uploader == key.client else { return }
        store.close(key.digest, to: known.readers)
        coming.removeReaders(of: key.digest)
    }

    /// Nothing more comes of them this way: a commit has named them, or nobody wants them.
    func endComing(where isMeant: (Coming) -> Bool) {
        let ended = coming.end(where: isMeant)
        if ended.isEmpty { return }
        for coming in ended { store.close(coming.digest, to: coming.readers) }
        tellOfComing(ended)
    }

    /// Who has said nothing for long does not go on.
    func endSilentComing() {
        let now = clock.uptime()
        endComing { now - $0.heard >= ComingTable.silence }
    }

    // MARK: - The others

    /// Has the polls answered of those who would see it.
    private func tellOfComing(_ contents: [Coming]) {
        do {
            for content in contents {
                for name in clients.keys where try place(of: content, for: name) != nil { coming.tell(name) }
            }
        } catch { hubLog.error("coming_not_told", ["reason": "\(error)"]) }
        settle()
    }

    /// What others are sending that a client would see, with access to it.
    func coming(for name: String) throws -> [ComingMessage] {
        try coming.all.values.sorted { $0.digest < $1.digest }.compactMap { content in
            guard let directory = try place(of: content, for: name) else {
                // It has left what this client sees.
                if content.readers.contains(name) {
                    store.close(content.digest, to: [name])
                    coming.remove(reader: name, of: content.digest)
                }
                return nil
            }
            var hasAccess = content.readers.contains(name)
            if !hasAccess, !content.isOver, store.open(content.digest, of: content.uploader, to: name) {
                coming.add(reader: name, of: content.digest)
                hasAccess = true
            }
            return ComingMessage(
                sha256: content.digest.hex, size: content.size, through: content.through, parent: directory.rawValue,
                path: Escaping.text(content.path.bytes),
                file: hasAccess ? "\(HubLayout.comingOverSFTP(for: name))/\(content.digest.hex)" : nil)
        }
    }

    /// The directory of a content as a client knows it; nil if that is no business of this client's.
    private func place(of content: Coming, for name: String) throws -> NodeID? {
        guard name != content.uploader, let client = clients[name], client.record.revokedAt == nil,
            client.record.kind == .agent
        else { return nil }
        switch try view(of: name) {
        case .everything: return content.directory
        case .part(var part, _): return try part.outward(directory: content.directory)
        case .lost: return nil
        }
    }

    /// A directory that a client names, as the journal knows it.
    private func directory(_ id: NodeID, knownTo name: String) throws -> NodeID? {
        var id = id
        switch try view(of: name) {
        case .everything: break
        case .part(var part, _):
            guard let inner = try part.inward(directory: id) else { return nil }
            id = inner
        case .lost: return nil
        }
        if id == .root { return id }
        guard let node = try journal.node(id), !node.isDeleted, node.content.isDirectory else { return nil }
        return id
    }
}
