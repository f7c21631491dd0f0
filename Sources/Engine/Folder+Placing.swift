package import SyncCore
internal import Index

/// The way down, with the bytes at hand: what the hub has, onto the disk.
extension Folder {
    /// Verified bytes have arrived for a node.
    package func absorb(_ content: StagedContent, for node: NodeID) {
        if let old = staged.updateValue(content, forKey: node) { tree.discard(old) }
        receivingTroubles[node] = nil
    }

    /// Verified bytes that wait to be placed, of any node.
    package func waiting(_ digest: Digest) -> StagedContent? { staged.values.first { $0.digest == digest } }

    /// Those of some nodes whose bytes are here and wait for their place. Bytes that the hub has no more for them are dropped.
    package func waiting(among nodes: Set<NodeID>) throws -> Set<NodeID> {
        try nodes.filter { node in
            guard let content = staged[node] else { return false }
            if let remote = try index.remote(node), !remote.isDeleted, remote.content.file?.digest == content.digest {
                return true
            }
            staged[node] = nil
            tree.discard(content)
            return false
        }
    }

    /// What was fetched is not there any more, or is not known to be: it is fetched again.
    package func forgetStaged() { staged = [:] }

    /// Brings everything onto the disk that can be now. What waits for bytes, for its directory or for a name stays.
    /// - Returns: how many nodes were placed.
    @discardableResult
    package func placeAll() throws -> Int {
        // Where nothing comes down there is nothing to look for.
        if !index.mode.receives { return 0 }
        var placed = try discardAll()
        var after = NodeID(0)
        while true {
            let page = try index.unsettledNodes(limit: 500, after: after)
            guard let last = page.last else { return placed }
            after = last
            var landings = Landings()
            placed += try place(only: page.filter { try !onlyWaitsForBytes($0, &landings) })
        }
    }

    /// The same for some nodes, such as those whose bytes have just arrived.
    package func place(only nodes: [NodeID]) throws -> Int {
        // What is not its own disk is not written to, and what lies there from before a crash must be known first.
        guard hasLooked, tree.isPresent() else { return 0 }
        if nodes.isEmpty { return 0 }
        try partAll(nodes)
        let arrivals = try arrivals(among: nodes)
        let intents = try intents(of: nodes, arrivals)
        if !intents.isEmpty { try index.intend(intents) }
        do {
            let count = try index.transaction {
                let count = try place(nodes, arrivals)
                try index.crossOut(intents.map(\.id))
                return count
            }
            if !intents.isEmpty { try index.countIntents() }
            return count
        } catch {
            // What was placed is on the disk, and the index (it may be full) does not say so: as after a crash, a look at
            // everything finds what was intended, and does not take it for the user's.
            hasLooked = false
            mustLookAtEverything = true
            throw error
        }
    }

    /// What placing these nodes may bring onto the disk: themselves, the directories that they need, and who is in
    /// their way.
    private func intents(of nodes: [NodeID], _ arrivals: [NodeID: Arrival]) throws -> [Node] {
        var found = arrivals.mapValues(\.node)
        var queue = nodes.filter { arrivals[$0] == nil }
        while let node = queue.popLast() {
            guard node != .root, found[node] == nil, let subject = try index.subject(of: .node(node)) else { continue }
            let remote: Node
            switch subject.verdict {
            case .receive(.make(let node)), .receive(.change(_, _, let node)): remote = node
            default: continue
            }
            if let file = wantedFile(subject.verdict), staged[node]?.digest != file.digest, subject.local == nil {
                continue
            }
            found[node] = remote
            queue.append(remote.parent)
            if let parent = try index.local(of: remote.parent),
                let occupant = try index.child(of: parent.entry, named: remote.name)?.node
            {
                queue.append(occupant)
            }
        }
        return found.values.sorted { $0.id < $1.id }
    }

    /// Those of some nodes that are plain arrivals, with their bytes.
    private func arrivals(among nodes: [NodeID]) throws -> [NodeID: Arrival] {
        var found: [NodeID: Arrival] = [:]
        if try index.isInflight { return found }
        var landings = Landings()
        for node in nodes {
            guard let staged = staged[node], let arrival = try arrival(node, &landings),
                staged.digest == arrival.node.content.file?.digest
            else { continue }
            found[node] = arrival
        }
        return found
    }

    private func place(_ nodes: [NodeID], _ arrivals: [NodeID: Arrival]) throws -> Int {
        var placed = 0
        // What was asked about directories holds until something else than an arrival has been moved.
        var holds = true
        for node in nodes {
            var placer = Placer(folder: self)
            if holds, let arrival = arrivals[node] {
                if try placer.settle(arrival) { placed += 1 }
            } else if try placer.settle(node) {
                placed += 1
                holds = false
            }
        }
        try makeDurable()
        return placed
    }

    /// Before the index may say that something lies, or does not lie, on the disk.
    func makeDurable() throws {
        guard !touched.isEmpty || touchedBytes else { return }
        try tree.makeDurable(touched, everything: touchedBytes)
        touched = []
        touchedBytes = false
    }
}
