internal import ControlAPI
internal import FileTree
import Glibc
internal import Journal
import SyncCore

/// `synchub rebuild`: a new journal from the share and `versions/`, when the old one is lost or damaged. The old one is kept
/// beside it, and nothing in the share is touched. Devices go on as they are: they find another epoch, and merge as if new.
struct HubRebuild {
    /// Where the clients came from.
    enum Source: String {
        case journal = "the old journal"
        case file = "clients.json"
        case kept = "a journal that was kept before"
    }

    /// What was found.
    struct Report {
        var clients: [String] = []
        /// Nil: nowhere.
        var source: Source?
        /// Why the better source was not used.
        var sourceProblem: String?
        var share = ShareImport.Count()
        var conflicts = 0
        var problems: [(path: RelativePath, reason: String)] = []
        /// Uploads that broke off: they stay what they are. Nil: nobody knows which those are.
        var uploads: Int?
        var versions = 0
        /// Contents that had been sent and were not in the share yet.
        var rescued = 0
        /// Where the old journal is now; nil if there was none.
        var kept: String?
    }

    let layout: HubLayout
    let clock: HubClock

    /// Blocks; reads the whole share.
    /// - Throws: ``HubServiceError``, ``HubRebuildError``, ``HubCoreError``, and what files and journal throw. The old journal is
    ///   where it was then.
    func run() throws -> Report {
        guard HubFile.exists(layout.configuration) else { throw HubServiceError.noHub(layout.root) }
        let lock = try RunLock(layout.runLock)
        defer { withExtendedLifetime(lock) {} }
        let store = try Store(layout)
        let marker = ShareMarker.marker.reading(in: try TreeRoot(path: layout.share))
        if case .missing = marker { throw HubRebuildError.noMarker(layout.share) }
        var report = Report()
        removeNew()
        do {
            // Closed before it gets its name.
            let journal = try Journal(path: layout.newJournal)
            if case .named(let id) = marker { try journal.setShareMarker(id) }
            try admitClients(to: journal, &report)
            let uploads = try? reading(layout.journal) { try brokenUploads(of: $0) }
            var share = ShareImport(of: try TreeRoot(path: layout.share), into: journal, clock: clock)
            share.uploads = uploads ?? [:]
            try share.run()
            (report.share, report.problems) = (share.count, share.problems)
            if uploads != nil { report.uploads = share.keptUploads }
            report.conflicts = try journal.findConflicts { day in
                Timestamp.parse("\(day)T00:00:00Z").map { $0 / 1_000_000_000 }
            }
            report.rescued = try rescue(store)
            report.versions = try takeVersions(store, into: journal)
            try store.sync()
            guard try journal.checkpoint() else { throw HubRebuildError.busy(layout.newJournal) }
        }
        report.kept = try exchangeJournals()
        return report
    }

    // MARK: - Clients

    private func admitClients(to journal: Journal, _ report: inout Report) throws {
        var credentials: [ClientCredential] = []
        do {
            credentials = try self.credentials(in: layout.journal)
            if !credentials.isEmpty { report.source = .journal }
        } catch { report.sourceProblem = "\(error)" }
        if credentials.isEmpty, HubFile.exists(layout.clients) {
            credentials = try ClientsFile.read(layout.clients)
            report.source = .file
        }
        if credentials.isEmpty, let kept = lastKept(), let found = try? self.credentials(in: kept) {
            credentials = found
            report.source = .kept
        }
        for credential in credentials { try journal.admit(credential) }
        report.clients = credentials.map(\.name).sorted()
    }

    /// From a copy, since opening a journal may write to it.
    private func credentials(in journal: String) throws -> [ClientCredential] {
        try reading(journal) { try $0.credentials() } ?? []
    }

    /// What was not finished when that was last looked at, by path.
    private func brokenUploads(of journal: Journal) throws -> [RelativePath: BrokenUpload] {
        var found: [RelativePath: BrokenUpload] = [:]
        for (location, upload) in try journal.brokenUploads() {
            let parent: RelativePath? = location.parent == .root ? .top : try journal.path(of: location.parent)
            // A new journal begins its running time anew.
            var upload = upload
            upload.moment = 0
            if let parent { found[parent.appending(location.name)] = upload }
        }
        return found
    }

    /// Nil if there is none.
    private func reading<Value>(_ journal: String, _ body: (Journal) throws -> Value) throws -> Value? {
        guard HubFile.exists(journal) else { return nil }
        let copy = layout.privateFiles + "/old-journal.db"
        defer { for suffix in HubRebuild.suffixes { unlink(copy + suffix) } }
        for suffix in ["", "-wal"] where HubFile.exists(journal + suffix) {
            try HubFile.copy(journal + suffix, to: copy + suffix)
        }
        if let damage = try Journal.damage(path: copy) { throw HubRebuildError.damaged(damage) }
        return try body(Journal(path: copy))
    }

    // MARK: - Contents

    /// What was verified and on its way into the share when the journal was lost may be somebody's only copy.
    private func rescue(_ store: Store) throws -> Int {
        var count = 0
        // Copies that were on their way to versions/ may be, too.
        for item in try store.incoming.items() + store.leftCopies where item.status.kind == .file {
            try store.keepVersion(item, item.open().hash().digest)
            count += 1
        }
        return count
    }

    private func takeVersions(_ store: Store, into journal: Journal) throws -> Int {
        var count = 0
        let root = try TreeRoot(path: layout.versions)
        for shelf in try root.list(.top) where shelf.status.kind == .directory {
            var stored: [(Digest, Int64)] = []
            for version in try root.list(RelativePath([shelf.name])) where version.status.kind == .file {
                // Their bytes are hashed when they are used.
                guard let digest = Digest(hex: version.name.description) else { continue }
                stored.append((digest, version.status.size))
            }
            // How long what is not current stays counts from now.
            try journal.finish(kept: stored)
            count += stored.count
        }
        return count
    }

    // MARK: - The files

    static let suffixes = ["", "-wal", "-shm"]

    private func removeNew() { for suffix in HubRebuild.suffixes { unlink(layout.newJournal + suffix) } }

    private func kept(_ number: Int) -> String { "\(layout.journal).old-\(number)" }

    private var numberOfKept: Int {
        var number = 0
        while HubRebuild.suffixes.contains(where: { HubFile.exists(kept(number + 1) + $0) }) { number += 1 }
        return number
    }

    /// Of a rebuild that was cut off while it exchanged the files, for one.
    private func lastKept() -> String? {
        (1...max(numberOfKept, 1)).reversed().map(kept).first { HubFile.exists($0) }
    }

    /// First the old one goes, with its log: a log of another journal would be taken for the new one's. If this is cut off, there is
    /// no journal, `run` refuses to start, and it can be done again.
    /// - Returns: where the old one is.
    private func exchangeJournals() throws -> String? {
        let kept = self.kept(numberOfKept + 1)
        let isKept = HubFile.exists(layout.journal)
        for suffix in HubRebuild.suffixes where HubFile.exists(layout.journal + suffix) {
            try HubFile.check(rename(layout.journal + suffix, kept + suffix), "keep", layout.journal + suffix)
        }
        try HubFile.check(rename(layout.newJournal, layout.journal), "name", layout.journal)
        removeNew()
        let directory = try HubFile.check(open(layout.root, O_RDONLY | O_DIRECTORY | O_CLOEXEC), "open", layout.root)
        defer { close(directory) }
        try HubFile.check(fsync(directory), "sync", layout.root)
        return isKept ? kept : nil
    }
}

/// Why no journal was made.
enum HubRebuildError: Error, Hashable, Sendable, CustomStringConvertible {
    case noMarker(String)
    case damaged(String)
    case busy(String)

    var description: String {
        switch self {
        case .noMarker(let share):
            "\(share) lacks the share's marker \(ShareMarker.name): is its disk mounted? Nothing was changed. If this is the "
                + "right one, make the marker and try again: touch \(ShellWord("\(share)/\(ShareMarker.name)"))"
        case .damaged(let what): "it is damaged: \(what)"
        case .busy(let path): "another program has \(path) open; end it and try again. Nothing was changed"
        }
    }
}

extension HubRebuild.Report {
    /// For a person, a line each.
    func text(root: String) -> String {
        var lines: [String] = []
        switch source {
        case .journal: lines.append("clients: \(clients.count), from the old journal")
        case .file:
            lines.append(
                "clients: \(clients.count), from clients.json\(sourceProblem.map { " (the old journal: \($0))" } ?? "")"
            )
        case .kept: lines.append("clients: \(clients.count), from a journal that was kept before")
        case nil: lines.append("clients: none were found; every device has to join again (syncctl invite NAME)")
        }
        if !clients.isEmpty { lines.append("  " + clients.joined(separator: ", ")) }
        lines.append(
            "share: \(share.files) files of \(share.bytes) bytes, \(share.directories) directories, \(share.symlinks) symlinks"
        )
        for problem in problems.prefix(20) { lines.append("  left out: \(problem.path): \(problem.reason)") }
        if problems.count > 20 { lines.append("  left out: \(problems.count - 20) more") }
        switch uploads {
        case nil:
            lines.append(
                "uploads that broke off: not known without the old journal; what lies in the share counts as it is")
        case let count? where count > 0:
            lines.append("uploads that broke off: \(count), which are no versions as before")
        case _?: break
        }
        if conflicts > 0 { lines.append("open conflicts: \(conflicts), found by the names of their copies") }
        lines.append(
            "versions: \(versions)\(rescued > 0 ? ", \(rescued) of them were on their way into the share" : "")")
        if let kept { lines.append("the old journal is kept as \(kept)") }
        lines.append(
            "Devices compare everything with it and delete nothing. Start the hub: synchub run --root \(ShellWord(root))"
        )
        return lines.joined(separator: "\n")
    }
}
