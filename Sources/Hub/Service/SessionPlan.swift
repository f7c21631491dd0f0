import SyncCore

/// What one SFTP session is confined to, and what its sftp-server is told: a pure function of the grant and of where things are.
struct SessionPlan: Hashable, Sendable {
    /// All of the file system that is left, beside what any program needs to start.
    let openings: [Confinement.Opening]
    /// Where the session starts: an absolute path.
    let start: [UInt8]
    /// Which requests sftp-server serves.
    let requests: Requests
    /// Of the files that it makes, in octal digits.
    let umask: String

    /// What sftp-server serves.
    enum Requests: Hashable, Sendable {
        /// These alone (`-p`): what a later version learns is not among them.
        case only([String])
        /// Whatever changes nothing (`-R`).
        case reading
        /// All, but for those that work by name where the kernel would let them reach further (`-P`): see ``arguments(_:)``.
        case all
    }

    /// - Parameters:
    ///   - coming: where the device reads what others are still sending; nil if there is no such place.
    ///   - packs: where in memory the hub lays packs out for it; nil if it has no such memory.
    /// - Throws: ``PartIsGone``.
    init(_ grant: SFTPGrant, _ layout: HubLayout, coming: String? = nil, packs: String? = nil) throws(PartIsGone) {
        let share = try SessionPlan.share(grant, layout)
        switch grant.kind {
        case .agent:
            // Packs lie in staging where they have no room in memory.
            let staging = Confinement.Opening(
                layout.staging(of: grant.client), grant.reach.isReadOnly ? .remove : .fill)
            var openings = [share, staging]
            if let packs { openings.append(Confinement.Opening(packs, .remove)) }
            if let coming { openings.append(Confinement.Opening(coming, .read)) }
            self.openings = openings
            start = Array(layout.root.utf8)
            requests = .only(SessionPlan.agentRequests)
            umask = "0077"
        case .sftp:
            openings = [share]
            start = share.path
            requests = grant.reach.isReadOnly ? .reading : .all
            umask = "0022"
        }
    }

    private static func share(_ grant: SFTPGrant, _ layout: HubLayout) throws(PartIsGone) -> Confinement.Opening {
        let use: Confinement.Use = grant.kind == .agent || grant.reach.isReadOnly ? .read : .change
        guard let part = grant.reach.part else { return Confinement.Opening(layout.share, use) }
        guard let directory = part.directory else { throw PartIsGone(path: part.path) }
        return Confinement.Opening(
            path: Array(layout.share.utf8) + [UInt8(ascii: "/")] + part.path.bytes, use: use, directory: directory)
    }

    /// What an agent asks for: files are made, written, read and removed, and directories listed. Nothing is renamed, linked or made
    /// but a file, and neither modes nor times are set: the hub places what was uploaded.
    static let agentRequests = [
        "open", "close", "read", "write", "lstat", "fstat", "stat", "opendir", "readdir", "remove", "realpath",
        "statvfs",
        "fstatvfs", "fsync", "limits", "expand-path",
    ]

    /// Modes and times can be set by name alone, which Landlock does not know of, and neither did it know of truncation before
    /// Linux 6.2. A device may set them unless it could do so outside of what it may write.
    /// - Parameter isRoot: such a session may change the modes of everybody's files.
    func arguments(_ strength: Confinement.Strength, isRoot: Bool) -> [String] {
        let general = ["-e", "-l", "ERROR", "-u", umask]
        switch requests {
        case .only(let names): return general + ["-p", names.joined(separator: ",")]
        case .reading: return general + ["-R"]
        case .all:
            if strength.isReadOnlyElsewhere { return general }
            return general + ["-P", (SessionPlan.byName + (isRoot ? ["fsetstat"] : [])).joined(separator: ",")]
        }
    }

    static let byName = ["setstat", "lsetstat"]
}

/// A device sees one directory, which is not there.
struct PartIsGone: Error, Hashable, CustomStringConvertible {
    let path: RelativePath

    var description: String {
        "the directory '\(path)', all that this device may see, is gone from the share; it can come in when there is one at that "
            + "path again"
    }
}
