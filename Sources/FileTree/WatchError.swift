import Glibc
internal import SyncCore

/// Why a directory is not watched.
package enum WatchError: Error, Hashable, Sendable {
    /// ENOSPC, which here does not mean a full disk. With the limit as it is now, if that can be read.
    case limitReached(current: Int?)
    /// EMFILE: too many inotify instances of this user. With the limit as it is now.
    case tooManyInstances(current: Int?)
    /// The directory is gone, is none, or may not be read.
    case directory(FileTreeError)
    /// Any other errno value.
    case failed(Int32)

    /// From the errno of a failed inotify call.
    init(errno code: Int32, path: String) {
        switch code {
        case ENOSPC: self = .limitReached(current: WatchError.limit("max_user_watches"))
        case EMFILE: self = .tooManyInstances(current: WatchError.limit("max_user_instances"))
        case ENOENT, ENOTDIR, EACCES: self = .directory(FileTreeError("watch", path, errno: code))
        default: self = .failed(code)
        }
    }

    private static func limit(_ name: String) -> Int? {
        guard let file = fopen("/proc/sys/fs/inotify/\(name)", "r") else { return nil }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 32)
        guard fgets(&line, Int32(line.count), file) != nil else { return nil }
        return Int(String(decoding: line.prefix { $0 > 32 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }
}

extension WatchError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .limitReached(let current):
            WatchError.sentence("directories watched", "max_user_watches", current, atLeast: 1_048_576)
        case .tooManyInstances(let current):
            WatchError.sentence("inotify instances", "max_user_instances", current, atLeast: 1024)
        case .directory(let error): error.description
        case .failed(let code): "cannot watch for changes: \(String(cString: strerror(code)))"
        }
    }

    private static func sentence(_ what: String, _ name: String, _ current: Int?, atLeast: Int) -> String {
        let now = current.map(String.init) ?? "unknown"
        let wanted = max((current ?? 0) * 4, atLeast)
        return "the limit of \(what) is reached: fs.inotify.\(name) is \(now); raise it with: "
            + "echo fs.inotify.\(name)=\(wanted) | sudo tee /etc/sysctl.d/60-synchub.conf && sudo sysctl --system"
    }
}
