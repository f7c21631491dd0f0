import SyncCore

/// Somebody who writes into the share over SFTP: files in place, names, directories; no symlinks, and no agent.
final class Phone {
    /// As a user's number in the tags of what it writes.
    static let number = 9

    private let share: MemoryTree
    private let hub: SimulatedHub
    private let traces: Traces
    /// An upload that has begun: the file, and what it will hold.
    private var upload: (file: MemoryTree.Inode, path: RelativePath, bytes: [UInt8])?
    /// Bytes that it destroyed itself, and that no other could save.
    private(set) var destroyed: Set<Digest> = []
    /// The hub lost its power: what the phone wrote last may be gone.
    var losesWork = false

    init(_ hub: SimulatedHub, _ traces: Traces) {
        self.hub = hub
        share = hub.share
        self.traces = traces
    }

    /// - Returns: what was done, in a few words; nil while there is no share to do it in.
    func act(_ random: inout SplitMix) -> String? {
        guard share.isMounted else { return nil }
        var user = User(number: Phone.number, tree: share, traces: traces)
        user.repertoire = traces.habits.phone
        user.onDestruction = { [unowned self] in destroy($0) }
        return user.act(&random)
    }

    /// Does something to the very name that the hub is about to change.
    func meddle(at path: RelativePath, _ random: inout SplitMix) -> String? {
        guard share.isMounted else { return nil }
        var user = User(number: Phone.number, tree: share, traces: traces)
        user.onDestruction = { [unowned self] in destroy($0) }
        return user.meddle(at: path, &random)
    }

    /// It is about to destroy a file, or all that is in a directory: nobody else is to blame for what goes.
    func destroy(_ inode: MemoryTree.Inode) {
        if let file = inode.content.file { destroyed.insert(file.digest) }
        if upload?.file === inode { breakOff() }
        for child in inode.children.values { destroy(child) }
    }

    // MARK: - An upload that takes its time

    /// Opens a file and writes a part of it.
    func begin(_ random: inout SplitMix) -> String? {
        guard share.isMounted, upload == nil, let name = traces.habits.names.randomElement(using: &random)
        else { return nil }
        let path = RelativePath([name])
        let file: MemoryTree.Inode
        if let there = share.inode(at: path) {
            guard there.kind == .file else { return nil }
            traces.touch(there, by: Phone.number)
            traces.end(there)
            destroy(there)
            file = there
        } else {
            file = share.newInode(.file, mode: Mode(0o644))
            share.link(file, at: path)
        }
        let bytes = traces.fresh(by: Phone.number)
        file.isOpen = true
        file.bytes = Array("?".utf8) + bytes.dropLast()
        file.mtime = share.clock.tick()
        file.ctime = file.mtime
        hub.pieces.insert(share.contents.digest(of: file.bytes))
        upload = (file, path, bytes)
        return "begins to write \(path)"
    }

    /// Writes the rest and closes the file.
    func end() -> String? {
        guard let upload else { return nil }
        hub.pieces.remove(share.contents.digest(of: upload.file.bytes))
        upload.file.bytes = upload.bytes
        upload.file.mtime = share.clock.tick()
        upload.file.ctime = upload.file.mtime
        upload.file.isOpen = false
        self.upload = nil
        return "closes \(upload.path) = \(String(decoding: upload.bytes, as: UTF8.self))"
    }

    /// The connection breaks: what has arrived is a file like any other from then on.
    func breakOff() {
        guard let upload else { return }
        hub.pieces.remove(share.contents.digest(of: upload.file.bytes))
        upload.file.isOpen = false
        self.upload = nil
    }
}
