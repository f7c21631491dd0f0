package import SSH

/// In which order the addresses of a hub are tried: the one that worked last comes first. A pure rule.
package struct HostOrder: Hashable, Sendable {
    /// As they were configured.
    package let configured: [SSHAddress]
    /// Where the hub was last; it may have been found under an address that is not configured.
    package private(set) var last: SSHAddress?

    package init(_ configured: [SSHAddress]) { self.configured = configured }

    /// Each once.
    package var hosts: [SSHAddress] {
        var seen: Set<SSHAddress> = []
        return ((last.map { [$0] } ?? []) + configured).filter { seen.insert($0).inserted }
    }

    /// The hub was there.
    package mutating func worked(_ host: SSHAddress) { last = host }
}

/// What an address gave instead of the hub.
package enum HostFailure: Error, Sendable {
    /// Nothing, in the time that it had.
    case silence(String)
    /// No connection, or none that lasted: why.
    case away(String)
    /// A server with another host key; its fingerprint. The hub is not there, whatever the address stands for in this network.
    case foreign(String)
    /// The hub is there, or the reason is ours: another address changes nothing.
    case final(HubError)
}

/// One round over the addresses of a hub, until one is the hub. A pure rule.
///
/// An address where nobody answers costs a short first try. When all have had theirs, those that were silent get the time that a
/// slow line needs. Only the pinned key decides which of them is the hub.
package struct HostRound {
    /// One try.
    package struct Attempt: Hashable, Sendable {
        /// At which address.
        package let host: SSHAddress
        /// How long it may take to connect, to shake hands and to log in.
        package let patience: Duration
        fileprivate let isShort: Bool
    }

    /// For an address of several: about ten times what a login takes over a slow line.
    package static let shortTry = Duration.seconds(3)

    private let configured: [SSHAddress]
    private let patience: Duration
    private var isShort: Bool
    private var waiting: [SSHAddress]
    private var silent: [SSHAddress] = []
    private var known: Set<SSHAddress>
    private var failures: [SSHAddress: HostFailure] = [:]
    /// Found, and not configured: anybody in the network may say such things.
    private var found: Set<SSHAddress> = []

    /// - Parameter patience: for an address that has the time which it needs.
    package init(_ order: HostOrder, patience: Duration) {
        configured = order.configured
        self.patience = patience
        waiting = order.hosts
        known = Set(order.hosts)
        isShort = order.hosts.count > 1 && HostRound.shortTry < patience
    }

    /// Nil when all have been tried.
    package mutating func next() -> Attempt? {
        if waiting.isEmpty { (waiting, silent, isShort) = (silent, [], false) }
        if waiting.isEmpty { return nil }
        let host = waiting.removeFirst()
        if found.contains(host) {
            return Attempt(host: host, patience: min(HostRound.shortTry, patience), isShort: false)
        }
        return Attempt(host: host, patience: isShort ? HostRound.shortTry : patience, isShort: isShort)
    }

    /// The hub was not there.
    package mutating func failed(_ attempt: Attempt, _ failure: HostFailure) {
        failures[attempt.host] = failure
        if attempt.isShort, case .silence = failure { silent.append(attempt.host) }
    }

    /// More addresses, when all have been tried; those that were are not tried again. Each has a short try, and no other.
    package mutating func add(_ addresses: [SSHAddress]) {
        let new = addresses.filter { known.insert($0).inserted }
        found.formUnion(new)
        waiting += new
    }

    /// What all of it means together, when nothing is left to be tried. The hub's key counts as changed if a server with another key
    /// answers at every configured address; as long as one of them is silent, the hub may be behind that one.
    /// - Parameter expected: the pinned key.
    package func verdict(expecting expected: HostKey) -> HubError {
        if configured.isEmpty { return .away("no host is configured for the hub") }
        let foreign = configured.map { host -> String? in
            if case .foreign(let found) = failures[host] { found } else { nil }
        }
        let keys = foreign.compactMap { $0 }
        if keys.count == configured.count {
            return .hostKeyChanged(HostRound.changed(Array(zip(configured, keys)), expecting: expected))
        }
        let reasons = configured.compactMap { host -> String? in
            switch failures[host] {
            case .silence(let reason), .away(let reason): reason
            case .foreign(let found): "at \(host) is another server, with the host key \(found)"
            case .final(let error): "\(error)"
            case nil: nil
            }
        }
        var told: Set<String> = []
        return .away(reasons.filter { told.insert($0).inserted }.joined(separator: "; "))
    }

    private static func changed(_ found: [(host: SSHAddress, key: String)], expecting expected: HostKey) -> String {
        if Set(found.map(\.key)).count == 1 {
            return "\(SSHError.hostKeyChanged(expected: expected.fingerprint, found: found[0].key))"
        }
        let list = found.map { "\($0.key) at \($0.host)" }.joined(separator: ", ")
        return "\(SSHError.hostKeyChanged(expected: expected.fingerprint, found: list))"
    }
}
