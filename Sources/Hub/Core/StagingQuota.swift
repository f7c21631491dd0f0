internal import FileTree
import Glibc
import SyncCore

/// A file in a client's staging directory, as far as it counts.
struct StagedSize: Hashable, Sendable {
    var name: Name
    /// What it takes on the disk: holes take nothing.
    var bytes: Int64
    /// Unix nanoseconds. Only tells which of several comes first.
    var changed: Nanoseconds
}

/// How much one client may have in its staging directory. Nothing there is the last copy of anything: who is over it sends again what
/// went. Pure.
struct StagingQuota: Hashable, Sendable {
    /// 0 for any number.
    var files: Int
    /// On the disk; 0 for any number.
    var bytes: Int64

    /// What has to go: the oldest, until the rest is within the quota.
    func excess(of staged: [StagedSize]) -> [Name] {
        var (count, sum) = (staged.count, staged.reduce(Int64(0)) { $0 + $1.bytes })
        var gone: [Name] = []
        for file in staged.sorted(by: { ($0.changed, $0.name) < ($1.changed, $1.name) }) {
            if (files == 0 || count <= files) && (bytes == 0 || sum <= bytes) { break }
            gone.append(file.name)
            (count, sum) = (count - 1, sum - file.bytes)
        }
        return gone
    }
}

extension Store {
    /// All that a client has staged, whatever it is; empty if that cannot be seen. Blocks.
    func stagedSizes(of client: String) -> [StagedSize] {
        guard let directory = opendir(layout.staging + "/" + client) else { return [] }
        defer { closedir(directory) }
        var found: [StagedSize] = []
        while let entry = readdir(directory) {
            let bytes = withUnsafeBytes(of: entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            var status = stat()
            // SAFETY: the bytes end with a NUL.
            let isThere = (bytes.map { CChar(bitPattern: $0) } + [0]).withUnsafeBufferPointer { name in
                name.baseAddress.map { fstatat(dirfd(directory), $0, &status, AT_SYMLINK_NOFOLLOW) == 0 } ?? false
            }
            guard isThere, let name = try? Name(bytes) else { continue }
            found.append(
                StagedSize(
                    name: name, bytes: Int64(status.st_blocks) * 512,
                    changed: Int64(status.st_ctim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_ctim.tv_nsec)))
        }
        return found
    }
}
