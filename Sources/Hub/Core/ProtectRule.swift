import SyncCore

/// What `share.protect` says.
package enum ProtectSetting: String, CaseIterable, Sendable {
    /// Copies that share their blocks, where the file system can; nothing elsewhere.
    case off
    /// Copies that take as much room again where it cannot.
    case copy
    /// Nothing anywhere.
    case never
}

/// How what is current in the share is kept beside it, so that it is there when somebody overwrites or removes it.
enum Protection: Hashable, Sendable {
    case clones, copies, none

    /// - Parameter canClone: whether the file system can share blocks between files.
    init(_ setting: ProtectSetting, canClone: Bool) {
        self =
            switch (setting, canClone) {
            case (.never, _), (.off, false): .none
            case (_, true): .clones
            case (.copy, false): .copies
            }
    }

    /// Whether a content of so many bytes is kept while its commit, or the reading of it, waits for that. A large copy is made
    /// later.
    func isQuick(_ size: Int64) -> Bool {
        switch self {
        case .clones: true
        case .copies: size <= 16 << 20
        case .none: false
        }
    }

    /// Copies leave so many bytes of a file system of this size free.
    static func floor(of total: Int64) -> Int64 { max(total / 10, 64 << 20) }

    /// Clones leave so many bytes free, for the disk's own records of them.
    private static let leastFree: Int64 = 16 << 20
    /// Either leaves room for so many more files, where the file system has only so many.
    private static let leastFiles: Int64 = 20_000

    /// Whether there is room for one more content of so many bytes.
    /// - Parameters:
    ///   - free: in bytes.
    ///   - total: of the file system, in bytes.
    ///   - files: how many more fit; nil where that has no end.
    func hasRoom(for size: Int64, free: Int64, total: Int64, files: Int64?) -> Bool {
        if let files, files < Protection.leastFiles { return false }
        return switch self {
        case .clones: free >= Protection.leastFree
        case .copies: free - size >= Protection.floor(of: total)
        case .none: false
        }
    }
}
