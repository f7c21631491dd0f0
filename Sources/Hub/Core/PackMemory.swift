internal import FileTree
import Glibc
internal import Hashing
import SyncCore
import Synchronization

/// Where packs for downloads lie in memory, so that they wear out no SD card: one directory for each client, below one of the hub's
/// own in `/dev/shm`, all mode 0700. Bounded: what finds no room lies in staging. Any thread.
final class PackMemory: Sendable {
    /// Of the hub.
    let path: String
    /// Bytes.
    private let limit: Int64
    /// Bytes of packs that are being written.
    private let beingWritten = Mutex<Int64>(0)

    /// Makes the directory of a hub, or takes the one from before and empties it.
    /// - Parameters:
    ///   - root: the hub's.
    ///   - limit: bytes of all packs at the same time; 0: none, and what is there is removed.
    ///   - below: where memory is a file system.
    /// - Returns: nil where there is no such memory, or somebody else has taken the name.
    init?(root: String, limit: Int64, below: String = PackMemory.place) {
        self.limit = limit
        path = PackMemory.path(root: root, below: below)
        guard limit > 0 else {
            PackMemory.remove(path)
            return nil
        }
        guard HubFile.isDirectory(below), mkdir(path, 0o700) == 0 || errno == EEXIST, PackMemory.isOurs(path)
        else { return nil }
        for client in clients { clear(client) }
    }

    /// The usual place.
    static let place = "/dev/shm"

    /// Known without asking the hub: sessions of devices know it too.
    static func path(root: String, below: String = PackMemory.place) -> String {
        "\(below)/synchub-\(geteuid())-\(sha256(Array(root.utf8)).prefix(8).map(Escaping.hex).joined())"
    }

    /// The directory of a client for a session of it, made if missing; nil when the hub has no such memory.
    static func directory(of client: ClientName, root: String, below: String = PackMemory.place) -> String? {
        let path = path(root: root, below: below)
        guard isOurs(path) else { return nil }
        let own = "\(path)/\(client.text)"
        return (mkdir(own, 0o700) == 0 || errno == EEXIST) && isOurs(own) ? own : nil
    }

    /// In a place where everybody may make names: a directory, no symlink, of this user, and closed to others.
    private static func isOurs(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR && status.st_uid == geteuid()
            && status.st_mode & 0o077 == 0
    }

    // MARK: - Packs

    /// Has a pack written into a client's directory.
    /// - Parameters:
    ///   - size: bytes at most.
    ///   - client: as its session has it: nil where it never came for one.
    /// - Returns: nil when there is no room for it.
    /// - Throws: what `body` throws, but for a full memory.
    func write<Value>(
        _ size: Int64, for client: String, _ body: (PrivateArea) throws(FileTreeError) -> Value
    ) throws(FileTreeError) -> Value? {
        let own = "\(path)/\(client)"
        // Only what a session has opened can it read.
        guard PackMemory.isOurs(own) else { return nil }
        let used = clients.reduce(Int64(0)) { $0 + items(of: $1).reduce(0) { $0 + $1.status.size } }
        let hasRoom = beingWritten.withLock { writing in
            guard used + writing + size <= limit else { return false }
            writing += size
            return true
        }
        guard hasRoom else { return nil }
        defer { beingWritten.withLock { $0 -= size } }
        do throws(FileTreeError) { return try body(PrivateArea(path: own)) } catch {
            if error.reason == .noSpace { return nil }
            throw error
        }
    }

    /// Removes what was laid out for a client.
    func clear(_ client: String) { for item in items(of: client) { try? item.remove() } }

    /// For who has a name now: sessions of who had it before hold on to a directory that is gone.
    func remove(_ client: String) {
        clear(client)
        rmdir("\(path)/\(client)")
    }

    /// The hub is stopping: nothing stays. A session that goes on with another hub process gets its packs in staging.
    func remove() { PackMemory.remove(path) }

    private var clients: [String] {
        guard let root = try? TreeRoot(path: path), let found = try? root.list(.top) else { return [] }
        return found.filter { $0.status.kind == .directory }.map(\.name.description)
    }

    private func items(of client: String) -> [PrivateItem] {
        let own = "\(path)/\(client)"
        guard PackMemory.isOurs(own), let area = try? PrivateArea(path: own) else { return [] }
        return (try? area.items()) ?? []
    }

    private static func remove(_ path: String) {
        guard isOurs(path), let area = try? PrivateArea(path: path) else { return }
        for item in (try? area.items()) ?? [] { try? item.remove() }
        rmdir(path)
    }
}
