internal import FileTree
internal import Journal

extension HostCheck {
    /// Whether what SFTP clients overwrite in place or remove is kept.
    func protection(_ configuration: HubConfiguration) -> [Finding] {
        // What is wrong there is told with the rest of the file system.
        guard HubFile.isDirectory(layout.privateFiles), let found = try? Capabilities.probe(layout.privateFiles) else {
            return []
        }
        return [
            HostCheck.protection(
                configuration.protect, canClone: found.reflinks, counted: contents(),
                free: found.space.free, total: found.space.total, files: found.space.freeInodes)
        ]
    }

    /// Nil where nothing can be counted.
    private func contents() -> (all: Int, kept: Int)? {
        guard HubFile.exists(layout.journal), let journal = try? Journal(path: layout.journal) else { return nil }
        return try? journal.countCurrent()
    }

    /// - Parameters:
    ///   - counted: how many contents are current, and how many of them are kept.
    ///   - free: in bytes.
    ///   - total: of the file system, in bytes.
    ///   - files: how many more fit on it; nil where that has no end.
    static func protection(
        _ setting: ProtectSetting, canClone: Bool, counted: (all: Int, kept: Int)?, free: Int64, total: Int64,
        files: Int64?
    ) -> Finding {
        let protection = Protection(setting, canClone: canClone)
        let missing = counted.map { $0.all - $0.kept } ?? 0
        let count = "\(missing) of \(counted?.all ?? 0) contents"
        let yet = missing > 0 ? "; \(count) are not yet" : ""
        let lost = "what SFTP clients overwrite in place or remove in the share is gone"
        switch protection {
        case .clones, .copies:
            guard missing == 0 || protection.hasRoom(for: 0, free: free, total: total, files: files) else {
                return .note(
                    "share", "\(count) of the share are not kept in versions/: copies leave some of the disk free",
                    protection == .clones ? "make room" : "make room, or use btrfs or xfs, where copies take none")
            }
            let how = protection == .clones ? "that share their blocks" : "(share.protect in hub.json5)"
            return .good("share", "what is in the share is kept in versions/ too, in copies \(how)\(yet)")
        case .none where setting == .never:
            return .note("share", "\(lost) (share.protect in hub.json5 is \"never\")", "set it to \"off\" or \"copy\"")
        case .none:
            return .note(
                "share", "\(lost): this file system cannot share blocks",
                "use btrfs or xfs, or set share.protect in hub.json5 to \"copy\", which takes as much room again")
        }
    }
}
