internal import SSH
internal import Synchronization

/// Where a hub was last: the same for all who have one address.
final class HostMemory: Sendable {
    private let state: Mutex<HostOrder>

    init(_ hosts: [SSHAddress]) { state = Mutex(HostOrder(hosts)) }

    /// - Returns: whether it is another one than before.
    func worked(_ host: SSHAddress) -> Bool {
        state.withLock { order in
            defer { order.worked(host) }
            return order.last != host
        }
    }

    var order: HostOrder { state.withLock { $0 } }
}

extension HubAddress {
    /// Where the hub is tried first.
    var firstHost: SSHAddress? { memory.order.hosts.first }

    /// Tries the hub's addresses in turn.
    /// - Parameters:
    ///   - patience: for an address that has the time which it needs.
    ///   - body: one try, within a time.
    func atOneHost<Value>(
        patience: Duration, _ body: (SSHAddress, Duration) throws(HostFailure) -> Value
    ) throws(HubError) -> Value {
        var round = HostRound(memory.order, patience: patience)
        var look = lookAround
        func next() -> HostRound.Attempt? {
            if let attempt = round.next() { return attempt }
            guard let around = look.take() else { return nil }
            round.add(around())
            return round.next()
        }
        while let attempt = next() {
            do throws(HostFailure) {
                let value = try body(attempt.host, attempt.patience)
                if memory.worked(attempt.host) { onOtherHost?(attempt.host) }
                return value
            } catch {
                if case .final(let error) = error { throw error }
                round.failed(attempt, error)
            }
        }
        throw round.verdict(expecting: hostKey)
    }
}

extension HostFailure {
    init(_ error: SSHError) {
        switch error {
        case .timedOut: self = .silence("\(error)")
        case .unreachable, .channelRefused, .closed, .protocolFailure: self = .away("\(error)")
        case .hostKeyChanged(_, let found): self = .foreign(found)
        case .unusableKey, .refusedKey, .cancelled, .stopped, .sftp, .local: self = .final(HubError(error))
        }
    }

    /// What was asked over a connection to the hub failed.
    init(_ error: HubError) {
        if case .away(let reason) = error { self = .away(reason) } else { self = .final(error) }
    }
}
