internal import FileTree
internal import Hashing
import SyncCore

/// The file in the share by which the hub knows that it is there (DESIGN §4.8): without it, or with another one, nothing
/// in the share counts.
enum ShareMarker {
    static let name = try! Name(".synchub-share")  // SAFETY: short and plain.
    static let marker = IdentityMarker(
        path: RelativePath([name]),
        text: """
            By this file the hub knows that its share is there (that its disk is mounted). Without it nothing that is missing
            here is taken for deleted. Leave it where it is.

            """)

    static func newID() -> String { randomBytes(count: 16).map(Escaping.hex).joined() }

    /// Makes it if it is not there.
    static func make(in share: String) throws(FileTreeError) {
        let root = try TreeRoot(path: share)
        if marker.reading(in: root) == .missing { try marker.write(newID(), in: root) }
    }
}
