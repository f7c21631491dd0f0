internal import Index
package import SyncCore

/// Bytes that have to be fetched before a node can be placed.
package struct Fetch: Hashable, Sendable {
    /// Whose bytes they are.
    package var node: NodeID
    /// What they have to be.
    package var file: FileContent
    /// Where the hub has it, below the share.
    package var path: RelativePath

    package init(node: NodeID, file: FileContent, path: RelativePath) {
        self.node = node
        self.file = file
        self.path = path
    }
}

/// The way down: what the hub has and is not here yet, onto the disk.
extension Folder {
    /// Contents to fetch, at most `limit`, without those that are here already.
    /// - Parameter sizes: only of files of these.
    package func fetches(
        limit: Int, except: Set<NodeID> = [], sizes: Range<Int64> = 0..<Int64.max
    ) throws -> [Fetch] {
        if !index.mode.receives { return [] }
        var found: [Fetch] = []
        var after = NodeID(0)
        var landings = Landings()
        while found.count < limit {
            let page = try index.unsettledNodes(limit: 500, after: after, below: sizes.upperBound)
            guard let last = page.last else { break }
            after = last
            for node in page where !except.contains(node) {
                if let fetch = try fetch(for: node, &landings), sizes.contains(fetch.file.size) { found.append(fetch) }
                if found.count == limit { break }
            }
        }
        return found
    }

    /// Contents of large files to fetch, the first ones in the order in which they go, at most `limit`.
    /// - Parameters:
    ///   - sizes: in bytes, from where large begins.
    ///   - fits: whether it may be this one.
    ///   - looks: at most so many are looked at; what may be found behind them is left out.
    package func largeFetches(
        limit: Int, sizes: Range<Int64>, looks: Int = .max, where fits: (Fetch) -> Bool = { _ in true }
    ) throws -> [Fetch] {
        if !index.mode.receives { return [] }
        // There the hub may have to give again what was agreed.
        if index.overwrites {
            let all = try fetches(limit: 10_000, sizes: sizes).filter(fits)
            let sorted = all.sorted { LargeOrder.precedes($0.file, $0.node.rawValue, $1.file, $1.node.rawValue) }
            return Array(sorted.prefix(limit))
        }
        var found: [Fetch] = []
        var looked = 0
        var landings = Landings()
        while looked < looks {
            let page = try index.largeArrivals(sizes: sizes, limit: min(64, looks - looked), offset: looked)
            if page.isEmpty { break }
            looked += page.count
            for node in page {
                guard let fetch = try fetch(for: node, &landings), fits(fetch) else { continue }
                found.append(fetch)
                if found.count == limit { return found }
            }
        }
        return found
    }

    /// Whether a node waits for these bytes.
    package func isToCome(_ digest: Digest) throws -> Bool { try index.overwrites || index.isToCome(digest) }

    /// Those of some nodes whose bytes are to be fetched.
    package func fetches(of nodes: [NodeID]) throws -> [Fetch] {
        if !index.mode.receives { return [] }
        var landings = Landings()
        return try nodes.compactMap { try fetch(for: $0, &landings) }
    }

    /// The bytes that some nodes have to get and that are not here; also of those whose directory has not come yet.
    package func awaited(_ nodes: [NodeID]) throws -> [NodeID: FileContent] {
        if !index.mode.receives { return [:] }
        var landings = Landings()
        var found: [NodeID: FileContent] = [:]
        for node in nodes {
            if let fetch = try fetch(for: node, &landings) {
                found[node] = fetch.file
            } else if staged[node] == nil, let new = try newcomer(node, &landings),
                try index.local(of: new.parent) == nil
            {
                found[node] = new.content.file
            }
        }
        return found
    }

    /// Whether these bytes are still what a node has to get.
    package func wants(_ fetch: Fetch) throws -> Bool {
        var landings = Landings()
        return try self.fetch(for: fetch.node, &landings)?.file.digest == fetch.file.digest
    }

    private func fetch(for node: NodeID, _ landings: inout Landings) throws -> Fetch? {
        if let arrival = try arrival(node, &landings), let file = arrival.node.content.file {
            if staged[node]?.digest == file.digest { return nil }
            return Fetch(node: node, file: file, path: arrival.directory.remotePath.appending(arrival.node.name))
        }
        guard let subject = try index.subject(of: .node(node)), let file = wantedFile(subject.verdict),
            staged[node]?.digest != file.digest, let path = try index.remotePath(of: node)
        else { return nil }
        if case .receive(.make(let new)) = subject.verdict, try !hasRoom(for: new) { return nil }
        return Fetch(node: node, file: file, path: path)
    }

    /// Without its directory nothing can be placed; and where something stands that the hub does not know yet, the hub
    /// decides first. Very often it is the same: this client's own creation, heard of before the commit was answered.
    private func hasRoom(for node: Node) throws -> Bool {
        guard let parent = try index.local(of: node.parent) else { return try comesBack(node.parent) }
        guard let occupant = try index.child(of: parent.entry, named: node.name) else { return true }
        return occupant.node != nil || canStepAside(occupant, for: node)
    }

    func wantedFile(_ verdict: Verdict) -> FileContent? {
        switch verdict {
        case .receive(.make(let node)): node.content.file
        case .receive(.change(_, let synced, let node)):
            node.content.hasSameBytes(as: synced.content) ? nil : node.content.file
        default: nil
        }
    }
}
