internal import ControlAPI
import Glibc
internal import Hashing
internal import Processes
import Synchronization

/// The live sessions of the managed sshd, and who may have one. Whose a session is, sshd says in its log: the process that writes it is
/// the one that keeps the connection from the login to its end, and above all that serves it. A session of which nobody has said
/// whose it is holds a TCP connection whose *local* port is ours, in a process of our user that executes sshd. Any thread.
package final class SSHSessions: Sendable {
    /// Who logged in.
    private struct Login: Hashable {
        let fingerprint: String
        /// With the pid it names a process for ever.
        let startTime: UInt64
    }
    private struct State {
        var logins: [pid_t: Login] = [:]
        /// Fingerprints of the keys that may come in; nil as long as nobody has said so.
        var listed: Set<String>?
        /// How many logins there were when those that are over were forgotten last.
        var forgotten = 64
    }

    private let port: UInt16?
    private let log = Log("sshd")
    private let state = Mutex(State())

    /// - Parameter port: of the managed sshd; nil where sshd is the machine's: its other sessions are not ours to end.
    package init(port: UInt16?) { self.port = port }

    // MARK: - Who may be in

    /// From now on a login by any other key ends at once, whatever sshd reads. Those that are there go on: see ``endUnlisted(strangers:)``.
    func list(_ keys: some Sequence<PublicKey>) {
        let fingerprints = Set(keys.map(\.fingerprint))
        state.withLock { $0.listed = fingerprints }
    }

    /// Remembers whose key opened a session, from sshd's own log, and ends it if that key may not come in any more: sshd read the list a
    /// moment before it changed, or the disk was too full to change it.
    func noteLogin(by pid: pid_t, fingerprint: String) {
        // One that has ended already needs nothing.
        guard let start = ProcessTable.entry(pid)?.startTime else { return }
        let login = Login(fingerprint: fingerprint, startTime: start)
        let isListed = state.withLock { state in
            state.logins[pid] = login
            if state.logins.count > state.forgotten * 2 {
                state.logins = state.logins.filter { SSHSessions.lives($0.key, $0.value) }
                state.forgotten = max(state.logins.count, 64)
            }
            return state.listed?.contains(fingerprint) ?? true
        }
        if isListed { return }
        log.warning("ended_at_login", ["key": fingerprint, "reason": "this key may not come in any more"])
        end([pid], waits: false)
    }

    /// Whether a session by this key is noted.
    func knows(_ key: PublicKey) -> Bool { !live { $0 == key.fingerprint }.isEmpty }

    // MARK: - Ending

    /// Ends the sessions that a key opened.
    func end(openedBy key: PublicKey) {
        let fingerprint = key.fingerprint
        end(live { $0 == fingerprint })
    }

    /// Ends the sessions whose key may not come in any more.
    /// - Parameter strangers: those too of which nobody has said whose they are: a login that is going on begins anew.
    /// - Returns: how many processes are there nevertheless.
    @discardableResult
    func endUnlisted(strangers: Bool) -> Int {
        guard let listed = state.withLock({ $0.listed }) else { return 0 }
        var meant = Set(live { !listed.contains($0) })
        if strangers {
            let table = ProcessTable()
            let known = Set(live { listed.contains($0) }.flatMap { [$0] + table.descendants(of: $0) })
            meant.formUnion(Set(holders()).subtracting(known))
        }
        return end(meant)
    }

    /// Ends all sessions, those of a hub that ran before too.
    func endAll() { end(holders(butListeners: false)) }

    /// Processes of sessions that go on.
    private func live(_ isMeant: (String) -> Bool) -> [pid_t] {
        state.withLock { $0.logins }.filter { isMeant($0.value.fingerprint) && SSHSessions.lives($0.key, $0.value) }
            .map(\.key)
    }

    private static func lives(_ pid: pid_t, _ login: Login) -> Bool {
        ProcessTable.entry(pid).map { $0.startTime == login.startTime && $0.state != "Z" } ?? false
    }

    /// With all that they serve: an sftp-server notices the end of its session only when it reads next.
    /// - Parameter waits: until they are gone, for three seconds at most.
    /// - Returns: how many are there nevertheless.
    @discardableResult
    private func end(_ sessions: some Collection<pid_t>, waits: Bool = true) -> Int {
        guard !sessions.isEmpty else { return 0 }
        let table = ProcessTable()
        let all = Set(sessions + sessions.flatMap(table.descendants))
        // RACE: a pid could be given anew between the look and the signal; worst outcome: another process of our own user ends. And a
        // session could start an sftp-server between the look and its end; worst outcome: what it had been sent until then is done.
        // A session that nobody may have any more is not worth a gentle end: it has nothing to save.
        for pid in all { kill(pid, SIGKILL) }
        log.info("sessions_ended", ["count": sessions.count])
        guard waits else { return 0 }
        ProcessFacts.awaitEnd(of: all)
        return all.count { ProcessFacts.executable($0) != nil }
    }

    /// Processes of sshd that hold connections to our port.
    /// - Parameter butListeners: without those that listen for new ones: in an instant the listener holds a connection too.
    private func holders(butListeners: Bool = true) -> [pid_t] {
        guard let port else { return [] }
        let sockets = TCPSocketFacts.all().filter { $0.localPort == port && $0.inode != 0 }
        let connections = Set(sockets.filter { !$0.isListening }.map(\.inode))
        let listening = butListeners ? Set(sockets.filter(\.isListening).map(\.inode)) : []
        guard !connections.isEmpty else { return [] }
        return ProcessFacts.all(of: geteuid()).filter { pid in
            guard pid != getpid(), SSHSessions.isSSHD(pid) else { return false }
            let own = ProcessFacts.sockets(pid)
            return !own.isDisjoint(with: connections) && own.isDisjoint(with: listening)
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
