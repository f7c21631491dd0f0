import SSH
import Testing

@testable import Transport

/// Which address is tried when, and what all of them together mean.
@Suite struct HostOrderTests {
    private let name = SSHAddress(host: "pi.local", port: 22)
    private let home = SSHAddress(host: "192.168.1.10", port: 22)
    private let vpn = SSHAddress(host: "10.8.0.1", port: 22)
    private let key: HostKey

    init() throws {
        key = try HostKey(
            line: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f")
    }

    private let long = Duration.seconds(20)

    /// One round in which each address always answers the same; which were tried, for how long, and what it came to.
    private func round(
        _ hosts: [SSHAddress], last: SSHAddress? = nil, _ answers: [SSHAddress: HostFailure], finding: [SSHAddress] = []
    ) -> (tried: [String], verdict: HubError) {
        var order = HostOrder(hosts)
        if let last { order.worked(last) }
        var round = HostRound(order, patience: long)
        var tried: [String] = []
        func runOut() {
            while let attempt = round.next() {
                tried.append("\(attempt.host.host) \(attempt.patience / .seconds(1))")
                round.failed(attempt, answers[attempt.host] ?? .away("refused"))
            }
        }
        runOut()
        round.add(finding)
        runOut()
        return (tried, round.verdict(expecting: key))
    }

    @Test func `an address that is silent costs a short try, and has its time when all others were tried`() {
        let (tried, verdict) = round([name, home, vpn], [name: .silence("no answer")])
        #expect(tried == ["pi.local 3.0", "192.168.1.10 3.0", "10.8.0.1 3.0", "pi.local 20.0"])
        guard case .away("no answer; refused") = verdict else {
            Issue.record("\(verdict)")
            return
        }
    }

    @Test func `an only address has its time at once`() {
        #expect(round([name], [name: .silence("no answer")]).tried == ["pi.local 20.0"])
        #expect(round([name, name], [:]).tried == ["pi.local 20.0"])
    }

    @Test func `the address that worked last comes first, also one that is not configured`() {
        #expect(
            round([name, home, vpn], last: vpn, [:]).tried == ["10.8.0.1 3.0", "pi.local 3.0", "192.168.1.10 3.0"])
        #expect(round([name, home], last: vpn, [:]).tried == ["10.8.0.1 3.0", "pi.local 3.0", "192.168.1.10 3.0"])
    }

    @Test func `what is found has a short try and no other, whatever it does`() {
        let (tried, _) = round(
            [name], [home: .silence("no answer"), vpn: .silence("no answer")], finding: [home, vpn])
        #expect(tried == ["pi.local 20.0", "192.168.1.10 3.0", "10.8.0.1 3.0"])
    }

    @Test func `what is found is tried once, after all that is configured`() {
        let (tried, verdict) = round([name, home], [vpn: .foreign("SHA256:other")], finding: [home, vpn])
        #expect(tried == ["pi.local 3.0", "192.168.1.10 3.0", "10.8.0.1 3.0"])
        guard case .away("refused") = verdict else {
            Issue.record("\(verdict)")
            return
        }
    }

    /// What the addresses answer (`f` foreign key, `g` another foreign one, `a` away, `s` silent), and whether the hub's key counts as
    /// changed.
    @Test(arguments: [
        ("f", true), ("a", false), ("s", false), ("ff", true), ("fg", true), ("fa", false), ("af", false),
        ("fs", false), ("sf", false), ("aa", false), ("fff", true), ("ffa", false), ("fgs", false), ("", false),
    ])
    func `a foreign host key is not the hub, and has changed only where every address has one`(
        answers: String, isChanged: Bool
    ) {
        let all = [name, home, vpn]
        let hosts = Array(all.prefix(answers.count))
        var failures: [SSHAddress: HostFailure] = [:]
        for (host, answer) in zip(hosts, answers) {
            failures[host] =
                switch answer {
                case "f": .foreign("SHA256:other")
                case "g": .foreign("SHA256:third")
                case "s": .silence("no answer from \(host)")
                default: .away("\(host) refused")
                }
        }
        let (tried, verdict) = round(hosts, failures)
        #expect(tried.count == answers.count + (answers.count > 1 ? answers.count { $0 == "s" } : 0))
        switch verdict {
        case .hostKeyChanged(let text):
            #expect(isChanged && text.contains(key.fingerprint) && text.contains("SHA256:other"))
            #expect(text.contains("SHA256:third at 192.168.1.10:22") == answers.contains("g"))
        case .away(let text):
            #expect(!isChanged)
            #expect(text.contains("another server, with the host key SHA256:other") == answers.contains("f"))
        default: Issue.record("\(verdict)")
        }
    }

    @Test func `only what an address gives, or does not, sends to the next one`() {
        let next: [SSHError] = [
            .unreachable(host: "pi", port: 22, reason: "refused"), .timedOut(doing: "connecting"),
            .hostKeyChanged(expected: "a", found: "b"), .channelRefused(host: "127.0.0.1", port: 1),
            .closed(reason: "gone"), .protocolFailure(code: -1, message: "?"),
        ]
        let ends: [SSHError] = [.refusedKey(user: "hub"), .unusableKey(reason: "no file"), .cancelled]
        func isFinal(_ error: SSHError) -> Bool { if case .final = HostFailure(error) { true } else { false } }
        #expect(next.allSatisfy { !isFinal($0) } && ends.allSatisfy(isFinal))
    }
}
