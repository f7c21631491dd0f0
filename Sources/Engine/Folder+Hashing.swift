package import Index
package import SyncCore

/// A file whose bytes have to be looked at.
package struct HashRequest: Hashable, Sendable {
    /// Of the file.
    package var entry: EntryID
    /// Where it was when the request was made.
    package var path: RelativePath
    /// How the index knows it; a digest of anything else is not taken in.
    package var stamp: Stamp
    /// Whether nobody else has heard of the file yet.
    package var isNew = false
}

/// How looking at the bytes ended.
package enum HashResult: Hashable, Sendable {
    /// The stamp is of before and after the reading, which were equal.
    case hashed(Digest, Stamp, Mode)
    case failed(DiskProblem)
}

extension Folder {
    /// Files to hash, by entry; the ones that somebody is writing to are not among them.
    package func hashRequests(limit: Int, after: EntryID = EntryID(0)) throws -> [HashRequest] {
        var found: [HashRequest] = []
        var after = after
        while found.count < limit {
            let page = try index.unhashed(limit: limit, after: after)
            guard let last = page.last else { break }
            after = last.entry
            for row in page {
                // What may be ignored is not read.
                if try isPassedOver(in: row.parent) { continue }
                guard found.count < limit, let path = try index.path(of: row.entry) else { continue }
                found.append(HashRequest(entry: row.entry, path: path, stamp: row.stamp, isNew: row.node == nil))
            }
            if unread.isEmpty { break }
        }
        return found
    }

    /// Whether the next files that are to be read, and then probably sent, have more bytes than that.
    package func hasMore(toRead bytes: Int64) throws -> Bool {
        if !index.mode.sends { return false }
        return try index.unhashed(limit: 1_024, after: EntryID(0)).reduce(0) { $0 + $1.stamp.size } > bytes
    }

    /// - Parameter times: Unix nanoseconds of when the hashing began, and of when it had ended.
    /// - Returns: true if the file has to be tried again later.
    package func absorb(
        _ result: HashResult, for request: HashRequest, during times: ClosedRange<Nanoseconds>
    ) throws -> Bool {
        try index.transaction {
            guard var row = try index.local(request.entry), !row.isVanished else { return false }
            switch result {
            case .hashed(_, let stamp, _) where stamp != row.stamp:
                // Changed while it waited for its turn, or the row has learned of a newer change since: only a digest
                // of what the row speaks of may be taken in.
                try look(at: [(row.parent, row.name)])
                return true
            case .hashed(let digest, let stamp, let mode):
                try index.clearTrouble(of: row.entry)
                row.digest = digest
                row.stamp = stamp
                row.mode = try adjusted(mode, of: row.node)
                if wasRacy(stamp.ctime, during: times) {
                    // Not to be believed by stamp after a restart: no file has this ctime.
                    row.stamp.ctime = Nanoseconds.min
                    racy[row.entry] = stamp.ctime
                }
                try index.update(row)
                return false
            case .failed(let problem) where problem.cause == .notFound:
                look(into: row.parent, deep: false)
                return false
            case .failed(let problem):
                // What lies under the request's path by now may be something else.
                if let path = try index.path(of: row.entry) { try trouble(path, row.entry, problem.description) }
                return true
            }
        }
    }

    /// How long times of files may look the same, where they are kept most coarsely.
    private static var coarsest: Nanoseconds { 2_000_000_000 }

    /// Kernels before 6.13, and some file systems, stamp times coarsely: what changes within 2 s of its last change may
    /// look unchanged. A time that lies further ahead is from before the clock was set back: no change gets it now.
    private func isRacy(
        _ changed: Nanoseconds, at now: Nanoseconds, for window: Nanoseconds = Folder.coarsest
    ) -> Bool {
        let (age, overflows) = now.subtractingReportingOverflow(changed)
        return !overflows && age.magnitude < window.magnitude
    }

    /// Where reading took longer, what had been read may have changed within the time that looks the same: two seconds where no
    /// parts of seconds are kept, elsewhere a tick of the kernel's clock.
    private func wasRacy(_ changed: Nanoseconds, during times: ClosedRange<Nanoseconds>) -> Bool {
        let tick: Nanoseconds = changed % 1_000_000_000 == 0 ? Folder.coarsest : 10_000_000
        return isRacy(changed, at: times.upperBound) || isRacy(changed, at: times.lowerBound, for: tick)
    }

    /// Files that were hashed too soon after their change, now old enough to be looked at once more.
    package func racyRequests(at now: Nanoseconds) throws -> [HashRequest] {
        try racy.filter { !isRacy($0.value, at: now) }.keys.sorted().compactMap { entry in
            guard let row = try index.local(entry), row.digest != nil, let path = try index.path(of: entry) else {
                racy[entry] = nil
                return nil
            }
            return HashRequest(entry: entry, path: path, stamp: row.stamp)
        }
    }

    /// The second look confirms. What is other bytes by now is a change like any other: it may be half of one.
    /// - Returns: the file if it has changed, for the caller to look at it once it is quiet.
    package func absorbSecond(_ result: HashResult, for request: HashRequest) throws -> FreshFile? {
        racy[request.entry] = nil
        guard case .hashed(let digest, let stamp, let mode) = result, var row = try index.local(request.entry),
            row.digest != nil, row.stamp == request.stamp, !row.isVanished
        else { return nil }
        guard digest == row.digest, stamp.inode == row.stamp.inode, stamp.mtime == row.stamp.mtime else {
            return FreshFile(directory: row.parent, name: row.name, entry: row.entry, changed: stamp.ctime)
        }
        let before = row.content
        row.stamp = stamp
        row.mode = try adjusted(mode, of: row.node)
        if row.content == before { try index.rewrite(row) } else { try index.update(row) }
        return nil
    }
}
