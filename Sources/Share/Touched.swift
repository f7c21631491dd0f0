internal import Journal
package import SyncCore

/// What steps have changed on the disk, and what has to be durable before they are written down as done.
package struct Touched: Sendable {
    /// Of the share: names in them have changed, or their own attributes.
    package private(set) var directories: Set<RelativePath> = []
    /// Of the share: bytes or attributes.
    package private(set) var files: Set<RelativePath> = []
    /// Came into `versions/`.
    package var versions: Set<Digest> = []

    /// More of them are not told one by one.
    package static let most = 24

    init() {}

    /// All together.
    package var count: Int { directories.count + files.count + 2 * versions.count }

    mutating func note(_ placement: Placement) {
        // Who touches so much syncs everything; it need not be remembered.
        guard count <= Touched.most else { return }
        for path in placement.paths { directories.insert(path.parent) }
        switch placement.step {
        case .attributes(let path, .directory), .directory(let path, _): directories.insert(path)
        case .file(let path, _, _), .attributes(let path, _): files.insert(path)
        case .symlink, .remove, .move: break
        }
    }
}
