internal import FileTree
internal import Journal
internal import Share
import SyncCore

extension ShareWatcher {
    /// Takes in what the watcher has told. What our own placements did ends here.
    func takeEvents() throws {
        let (events, overflowed) = mailbox.take()
        if overflowed {
            hubLog.warning("share_overflow", ["next": "everything is looked at"])
            lookAtEverything()
        }
        var touched: [Spot] = []
        var seen: Set<Spot> = []
        for event in events {
            let directory = NodeID(event.token)
            guard let name = event.name else {
                if event.what.contains(.gone) { watched.remove(directory) }
                continue
            }
            // The marker is back: what waited for it goes on in this turn.
            if try name.isReserved || rules(of: directory).ignores(name) { continue }
            let spot = Spot(directory: directory, name: name)
            if !event.what.isDisjoint(with: [.modified, .closed]) {
                let node = try journal.child(of: directory, named: name)
                if try isIgnored(spot, node, nil), !settling.contains(spot) {
                    if node != nil { written.insert(spot) }
                    continue
                }
                written.insert(spot)
                note(spot, event.what.contains(.closed) ? .closed : .changed)
            } else if settling.contains(spot) || problems[spot] != nil {
                note(spot)
            } else if seen.insert(spot).inserted {
                touched.append(spot)
            }
        }
        if !touched.isEmpty { try look(atOnce: touched) }
    }

    /// Directories are taken in at once, so that they are watched early. All else waits until it is quiet.
    private func look(atOnce spots: [Spot]) throws {
        var directories: [(Spot, FileStatus)] = []
        for (spot, status) in try statuses(of: spots) {
            let node = try journal.child(of: spot.directory, named: spot.name)
            if node == nil, status == nil, try isAstray(spot) { continue }
            if node?.content.isDirectory == true || status?.kind == .directory { forgetPlaces() }
            if try isIgnored(spot, node, status) {
                try passOver(spot, node, status)
                continue
            }
            let difference = ShareDifference.between(node, placed: try node.flatMap { try placed($0.id) }, status)
            switch (difference, status) {
            // Placed by us, or not: whether its rules are others is seen when it is quiet.
            case _ where spot.name == IgnoreList.fileName: note(spot)
            case (.none, _):
                // Somebody may be about to replace it.
                if try isUnseen(spot) { note(spot) }
                guard let node, node.content.isDirectory else { continue }
                // Moved, it may be where other rules hold.
                if rules.isEmpty { lookIfUnwatched(node.id) } else { look(into: node.id) }
            case (.appeared(.directory), let status?): directories.append((spot, status))
            case (.directory(true, _), let status?):
                if let node { try refresh(node, spot, status) }
            default: note(spot)
            }
        }
        try appear(directories)
    }

    /// What lies under names now, without those whose directory is deleted. Events come in runs of one directory, which is
    /// looked up once for each run.
    private func statuses(of spots: [Spot]) throws -> [(Spot, FileStatus?)] {
        var found: [(Spot, FileStatus?)] = []
        found.reserveCapacity(spots.count)
        var rest = spots[...]
        while let first = rest.first {
            let run = rest.prefix { $0.directory == first.directory }
            rest = rest[run.endIndex...]
            guard let path = try path(of: first)?.parent else { continue }
            found += zip(run, try share.statuses(of: run.map(\.name), in: path))
        }
        return found
    }
}
