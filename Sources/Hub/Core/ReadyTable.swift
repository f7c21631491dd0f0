import SyncCore

/// What lies ready for commits, by client and content: bounded in number, the oldest first. Not stored: what a start finds goes back
/// to where it came from. Pure.
struct ReadyTable<Value> {
    private struct Entry {
        let digest: Digest
        let value: Value
        /// By ``Journal/runningTime``.
        let since: Int64
    }
    /// For each client.
    private let most: Int
    private var entries: [String: [Entry]] = [:]

    init(most: Int) { self.most = max(most, 1) }

    func has(_ digest: Digest, for client: String) -> Bool { value(digest, for: client) != nil }

    func has(anyFor client: String) -> Bool { entries[client] != nil }

    func value(_ digest: Digest, for client: String) -> Value? {
        entries[client]?.first { $0.digest == digest }?.value
    }

    /// - Returns: what has no room any more, and what it takes the place of.
    mutating func keep(_ value: Value, _ digest: Digest, for client: String, since: Int64) -> [Value] {
        var own = entries[client, default: []]
        var out = own.filter { $0.digest == digest }.map(\.value)
        own.removeAll { $0.digest == digest }
        own.append(Entry(digest: digest, value: value, since: since))
        out += own.prefix(max(own.count - most, 0)).map(\.value)
        entries[client] = own.suffix(most)
        return out
    }

    func values(of client: String) -> [Value] { entries[client, default: []].map(\.value) }

    /// It is the caller's from now on.
    mutating func take(_ digest: Digest, for client: String) -> Value? {
        remove { $0 == client && $1.digest == digest }.first
    }

    /// All of a client but some contents.
    mutating func takeAll(of client: String, except kept: Set<Digest> = []) -> [Value] {
        remove { $0 == client && !kept.contains($1.digest) }
    }

    /// What has lain for as long as that.
    /// - Parameter busy: clients of which a commit is being looked at.
    mutating func takeOld(at moment: Int64, after life: Int64, except busy: Set<String>) -> [Value] {
        remove { !busy.contains($0) && moment - $1.since >= life }
    }

    private mutating func remove(_ isMeant: (String, Entry) -> Bool) -> [Value] {
        var out: [Value] = []
        for (client, own) in entries {
            out += own.filter { isMeant(client, $0) }.map(\.value)
            let left = own.filter { !isMeant(client, $0) }
            entries[client] = left.isEmpty ? nil : left
        }
        return out
    }
}
