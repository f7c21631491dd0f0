internal import ControlAPI
import Glibc
internal import Hashing
internal import Processes
import Synchronization

/// The live sessions of the managed sshd. They make process groups of their own (setsid), so they are found by what they hold: a TCP
/// connection whose *local* port is ours, in a process of our user that executes sshd. Any thread.
package final class SSHSessions: Sendable {
    private let port: UInt16
    private let log = Log("sshd")
    /// Fingerprint by the remote port of the connection; entries of ended ones are overwritten when the port comes again.
    private let logins = Mutex<[UInt16: String]>([:])

    package init(port: UInt16) { self.port = port }

    /// Remembers whose key opened a connection, from sshd's own log.
    func noteLogin(remotePort: UInt16, fingerprint: String) {
        logins.withLock { $0[remotePort] = fingerprint }
    }

    /// Whether a login by this key was noted.
    func knows(_ key: PublicKey) -> Bool {
        let fingerprint = key.fingerprint
        return logins.withLock { $0.values.contains(fingerprint) }
    }

    /// Ends the sessions that a key opened.
    func end(openedBy key: PublicKey) {
        let fingerprint = key.fingerprint
        let ports = logins.withLock { $0.filter { $0.value == fingerprint }.map(\.key) }
        end { ports.contains($0.remotePort) }
    }

    /// Ends all sessions, those of a hub that ran before too.
    func endAll() { end { _ in true } }

    /// Returns when they are gone.
    private func end(_ which: (TCPSocketFacts) -> Bool) {
        let sockets = TCPSocketFacts.all().filter {
            $0.localPort == port && !$0.isListening && $0.inode != 0 && which($0)
        }
        let found = holders(of: Set(sockets.map(\.inode)))
        guard !found.isEmpty else { return }
        // With what they serve: an sftp-server notices the end of its session only when it reads next.
        let table = ProcessTable()
        let all = Set(found + found.flatMap(table.descendants))
        // RACE: a pid could be given anew between the look and the signal; worst outcome: another process of our own user ends. A
        // session that nobody may have any more is not worth a gentle end: it has nothing to save.
        for pid in all { kill(pid, SIGKILL) }
        ProcessFacts.awaitEnd(of: all)
        log.info("sessions_ended", ["count": found.count])
    }

    private func holders(of inodes: Set<UInt64>) -> [pid_t] {
        guard !inodes.isEmpty else { return [] }
        return ProcessFacts.all(of: geteuid()).filter {
            $0 != getpid() && SSHSessions.isSSHD($0) && !ProcessFacts.sockets($0).isDisjoint(with: inodes)
        }
    }

    /// `sshd`, or since OpenSSH 9.8 `sshd-session` and `sshd-auth`.
    static func isSSHD(_ pid: pid_t) -> Bool {
        guard let path = ProcessFacts.executable(pid), let slash = path.lastIndex(of: "/") else { return false }
        return ["sshd", "sshd-session", "sshd-auth"].contains(String(path[path.index(after: slash)...]))
    }
}

extension PublicKey {
    /// `SHA256:…`, as sshd logs it.
    package var fingerprint: String {
        // What was found to be a key has base64 after its kind.
        let blob = Base64.bytes(line.dropFirst(PublicKey.algorithm.utf8.count + 1)) ?? []
        return "SHA256:" + Base64.unpadded(sha256(blob))
    }
}
