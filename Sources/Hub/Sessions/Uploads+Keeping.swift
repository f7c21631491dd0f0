internal import FileTree
internal import Journal
import SyncCore

// What is written down of uploads, so that a start knows it.
extension Uploads {
    /// When there is something to be done, in milliseconds; nil while there is not.
    func nextDue(at now: Int64) -> Int64? {
        let moment = moment()
        let end = broken.values.map { now + max(0, $0.moment + patience - moment) * 1_000 }.min()
        return [next, end, owed.isEmpty ? nil : max(now, nextTry)].compactMap { $0 }.min()
    }

    /// Writes down what has been open for a while.
    /// - Returns: where something has waited for long enough: it counts as it is.
    func follow(at now: Int64) throws -> [Location] {
        if let next, next <= now { try noteOpen(at: now) }
        if !owed.isEmpty, nextTry <= now {
            nextTry = now + Uploads.patienceWithDisk
            keepOwed()
        }
        let moment = moment()
        let over = broken.filter { $0.value.moment + patience <= moment }
        for (location, record) in over {
            note(nil, of: location)
            guard let path = try path(of: location) else { continue }
            sessions?.updateAuthors { table, _ in table.remember(record.client, at: path, counts: true) }
        }
        return Array(over.keys)
    }

    /// A hub that is killed finds then what it did not see the end of.
    private func noteOpen(at now: Int64) throws {
        next = nil
        look()
        seenOpen = seenOpen.filter { view.open[$0.key] != nil }
        var lasting: [RelativePath: String] = [:]
        for (path, client) in view.open {
            let since = seenOpen[path] ?? now
            seenOpen[path] = since
            if now - since >= Uploads.grace {
                lasting[path] = client
            } else {
                next = min(next ?? .max, since + Uploads.grace)
            }
        }
        let found = try records(of: lasting)
        try replaceOpen(with: found)
        // Its directory is not in the journal yet.
        if found.count < lasting.count { next = min(next ?? .max, now + Uploads.grace) }
    }

    /// What is to be known of files that are open, or were when they were told of last.
    func records(of paths: [RelativePath: String]) throws -> [Location: BrokenUpload] {
        var found: [Location: BrokenUpload] = [:]
        for (path, client) in paths {
            guard let location = try location(of: path), let status = try store.status(of: path) else { continue }
            found[location] =
                open[location] ?? BrokenUpload(client: client, moment: moment(), inode: status.inode, seen: nil)
        }
        return found
    }

    /// The same of files whose sessions have ended, and that nobody has looked at since.
    func endedRecords() throws -> [Location: BrokenUpload] {
        var found: [Location: BrokenUpload] = [:]
        for (path, client) in view.broken where view.open[path] == nil {
            guard let location = try location(of: path), let status = try store.status(of: path), status.kind == .file
            else { continue }
            found[location] = BrokenUpload(
                client: client, moment: moment(), inode: status.inode, seen: BrokenUpload.Seen(status))
        }
        return found
    }

    func replaceOpen(with found: [Location: BrokenUpload]) throws {
        let ended = Set(open.keys).subtracting(found.keys)
        open = found
        var records = found
        var gone: [Location] = []
        for location in ended {
            // What broke off and was not looked at yet stays as it was written down.
            if let path = try path(of: location), view.broken[path] != nil { continue }
            if let known = broken[location] { records[location] = known } else { gone.append(location) }
        }
        keep(records, forgetting: gone)
    }

    func note(_ record: BrokenUpload?, of location: Location) {
        broken[location] = record
        // While it is open that is what a start has to know.
        if open[location] != nil { return }
        if let record { keep([location: record]) } else { keep([:], forgetting: [location]) }
    }

    func keep(_ records: [Location: BrokenUpload], forgetting gone: [Location] = []) {
        let new = records.filter { kept[$0.key] != $0.value }
        let gone = gone.filter { kept[$0] != nil && records[$0] == nil }
        if new.isEmpty, gone.isEmpty { return }
        do {
            try journal.keepUploads(new, forgetting: gone)
            kept.merge(new) { $1 }
            for location in gone { kept[location] = nil }
            owed.subtract(new.keys)
            owed.subtract(gone)
        } catch {
            // It holds meanwhile.
            if owed.isEmpty { hubLog.error("uploads_not_kept", ["reason": "\(error)"]) }
            owed.formUnion(new.keys)
            owed.formUnion(gone)
        }
    }

    /// Writes down what could not be.
    func keepOwed() {
        if owed.isEmpty { return }
        var records: [Location: BrokenUpload] = [:]
        for location in owed { records[location] = open[location] ?? broken[location] }
        keep(records, forgetting: Array(owed.subtracting(records.keys)))
        // What the journal has already.
        owed = owed.filter { kept[$0] != (open[$0] ?? broken[$0]) }
    }

    func path(of location: Location) throws -> RelativePath? {
        if location.parent == .root { return RelativePath([location.name]) }
        return try journal.path(of: location.parent)?.appending(location.name)
    }

    /// Nil when the journal does not have the directory, and has none to be removed there.
    func location(of path: RelativePath) throws -> Location? {
        guard let name = path.last else { return nil }
        if path.parent.isTop { return Location(parent: .root, name: name) }
        if let directory = try journal.node(at: path.parent), directory.content.isDirectory {
            return Location(parent: directory.id, name: name)
        }
        return try journal.pendingPlacements().first { $0.step == .remove(path.parent) }.map {
            Location(parent: $0.node, name: name)
        }
    }

    /// Whether its directory is deleted, in the share too.
    func isGone(_ location: Location) throws -> Bool {
        if location.parent == .root { return false }
        if try journal.node(location.parent)?.isDeleted == false { return false }
        return try !journal.pendingPlacements().contains { $0.node == location.parent }
    }
}
