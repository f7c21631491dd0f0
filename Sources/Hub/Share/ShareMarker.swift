internal import FileTree
import Glibc
internal import Settings
import SyncCore

/// The file in the share by which the hub knows that it is there (DESIGN §4.8): without it, nothing counts as deleted.
enum ShareMarker {
    static let name = try! Name(".synchub-share")  // SAFETY: short and plain.
    private static let text = """
        By this file the hub knows that its share is there (that its disk is mounted). Without it nothing that is missing
        here is taken for deleted. Leave it where it is.

        """

    /// Makes it if it is not there.
    static func make(in share: String) throws {
        let path = "\(share)/\(name)"
        if HubFile.exists(path) { return }
        let file = try HubFile.check(
            open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o444), "make", path)
        defer { close(file) }
        let bytes = Array(text.utf8)
        // SAFETY: the array's own length goes along.
        let count = bytes.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
        _ = try HubFile.check(count == bytes.count ? 0 : -1, "write", path)
        _ = try HubFile.check(fsync(file), "sync", path)
    }

    /// Whether the share that is held open is the one that has the share's name, and carries the marker.
    static func isPresent(in share: TreeRoot) -> Bool {
        guard let there = try? TreeRoot(path: share.path).status(of: .top), let held = try? share.status(of: .top),
            there.identity == held.identity
        else { return false }
        return (try? share.status(of: RelativePath([name])))??.kind == .file
    }
}
