internal import ControlAPI
import Glibc
internal import Hashing
internal import Processes
import Synchronization

/// The live SSH sessions of devices, and who may have one. Of the managed sshd: whose a session is, sshd says in its log; the process that
/// writes it is the one that keeps the connection from the login to its end, and above all that serves it. Of the machine's own: that
/// process, which is root's, asks us for the line of the key before it lets anybody in (``LoginDesk``). Any thread.
package final class SSHSessions: Sendable {
    /// Whose sessions they are.
    package enum Server: Hashable, Sendable {
        /// Our own sshd's, which listens on this port. One of which nobody has said whose it is holds a TCP connection whose *local* port
        /// is that one, in a process of our user that executes sshd.
        case managed(port: UInt16)
        /// The machine's. Our user is there for nothing else: one of which nobody has said whose it is is a process of our user that an
        /// sshd of another user, root, has for a child.
        case system
    }

    /// Who logged in, or asks to.
    private struct Login: Hashable {
        /// Of the machine's sshd: of all keys that were asked about; which of them it was, it does not say.
        var fingerprints: Set<String>
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

    private let server: Server
    private let log = Log("sshd")
    private let state = Mutex(State())

    package init(of server: Server) { self.server = server }

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
        let isListed = state.withLock { state in
            SSHSessions.note(pid, start, fingerprint, in: &state)
            return state.listed?.contains(fingerprint) ?? true
        }
        if isListed { return }
        log.warning("ended_at_login", ["key": fingerprint, "reason": "this key may not come in any more"])
        end([pid], waits: false)
    }

    /// A process of the machine's sshd asks whether a key may come in. If it may, whatever that process serves is from now on noted as
    /// that key's, and ends with it.
    func admits(_ fingerprint: String, askedBy pid: pid_t) -> Bool {
        guard let entry = ProcessTable.entry(pid), SSHSessions.names.contains(entry.name) else { return false }
        return state.withLock { state in
            guard state.listed?.contains(fingerprint) ?? false else { return false }
            SSHSessions.note(pid, entry.startTime, fingerprint, in: &state)
            return true
        }
    }

    private static func note(_ pid: pid_t, _ start: UInt64, _ fingerprint: String, in state: inout State) {
        if state.logins[pid]?.startTime == start {
            state.logins[pid]?.fingerprints.insert(fingerprint)
        } else {
            state.logins[pid] = Login(fingerprints: [fingerprint], startTime: start)
        }
        if state.logins.count > state.forgotten * 2 {
            state.logins = state.logins.filter { lives($0.key, $0.value.startTime) }
            state.forgotten = max(state.logins.count, 64)
        }
    }

    /// Whether a session by this key is noted.
    func knows(_ key: PublicKey) -> Bool { !live { $0.contains(key.fingerprint) }.isEmpty }

    // MARK: - Ending

    /// Ends the sessions that a key opened.
    func end(openedBy key: PublicKey) {
        let fingerprint = key.fingerprint
        end(live { $0.contains(fingerprint) })
    }

    /// Ends the sessions whose key may not come in any more.
    /// - Parameter strangers: those too of which nobody has said whose they are: a login that is going on begins anew.
    /// - Returns: how many processes are there nevertheless.
    @discardableResult
    func endUnlisted(strangers: Bool) -> Int {
        guard let listed = state.withLock({ $0.listed }) else { return 0 }
        let unlisted = live { !$0.isSubset(of: listed) }
        var meant = Set(unlisted)
        if strangers {
            let table = ProcessTable()
            let known = Set(live { $0.isSubset(of: listed) }.flatMap { [$0] + table.descendants(of: $0) })
            meant.formUnion(Set(holders()).subtracting(known))
        }
        let left = end(meant)
        if server == .system { chase(unlisted) }
        return left
    }

    /// Ends all sessions, those of a hub that ran before too.
    func endAll() { end(holders(butListeners: false)) }

    /// Processes of sessions that go on.
    private func live(_ areMeant: (Set<String>) -> Bool) -> [pid_t] {
        state.withLock { $0.logins }.filter {
            areMeant($0.value.fingerprints) && SSHSessions.lives($0.key, $0.value.startTime)
        }
        .map(\.key)
    }

    private static func lives(_ pid: pid_t, _ startTime: UInt64) -> Bool {
        ProcessTable.entry(pid).map { $0.startTime == startTime && $0.state != "Z" } ?? false
    }

    /// With all that they serve: an sftp-server notices the end of its session only when it reads next. Of the machine's sshd the process
    /// that is asked for is root's, and ends by itself when those of our user below it have ended.
    /// - Parameter waits: until they are gone, for three seconds at most.
    /// - Returns: how many are there nevertheless.
    @discardableResult
    private func end(_ sessions: some Collection<pid_t>, waits: Bool = true) -> Int {
        guard !sessions.isEmpty else { return 0 }
        let table = ProcessTable()
        let user = geteuid()
        let all = Set(sessions + sessions.flatMap(table.descendants)).filter { ProcessFacts.user(of: $0) == user }
        guard !all.isEmpty else { return 0 }
        // RACE: a pid could be given anew between the look and the signal; worst outcome: another process of our own user ends. And a
        // session could start an sftp-server between the look and its end; worst outcome: what it had been sent until then is done.
        // A session that nobody may have any more is not worth a gentle end: it has nothing to save.
        for pid in all { kill(pid, SIGKILL) }
        log.info("sessions_ended", ["count": all.count])
        guard waits else { return 0 }
        let ended = table.entries.values.filter { all.contains($0.pid) }
        ProcessFacts.awaitEnd(of: ended)
        return ended.count(where: ProcessFacts.lives)
    }

    /// Who asked for a key while it was listed may log in by it a moment after: on a thread, such a session is ended as it comes, until
    /// the process that asked is gone, which sshd sees to (LoginGraceTime).
    private func chase(_ askers: [pid_t]) {
        let starts = askers.compactMap { ProcessTable.entry($0) }.map { ($0.pid, $0.startTime) }
        guard !starts.isEmpty else { return }
        startThread("sshd-chase") { [self] in
            while true {
                let here = starts.filter { SSHSessions.lives($0.0, $0.1) }.map(\.0)
                if here.isEmpty { return }
                end(here)
                usleep(100_000)
            }
        }
    }

    /// Processes that nobody has to have said anything about.
    private func holders(butListeners: Bool = true) -> [pid_t] {
        switch server {
        case .managed(let port): holders(of: port, butListeners: butListeners)
        case .system: ownBelowRoot()
        }
    }

    /// Processes of the managed sshd that hold connections to our port.
    /// - Parameter butListeners: without those that listen for new ones: in an instant the listener holds a connection too.
    private func holders(of port: UInt16, butListeners: Bool) -> [pid_t] {
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

    /// Who was root before does not tell what it executes, or which sockets it has: names and parents do.
    private func ownBelowRoot() -> [pid_t] {
        let entries = ProcessTable().entries
        return entries.values.filter { entry in
            guard let parent = entries[entry.parent] else { return false }
            return SSHSessions.names.contains(entry.name) && SSHSessions.names.contains(parent.name)
                && ProcessFacts.user(of: entry.pid) == geteuid() && ProcessFacts.user(of: parent.pid) != geteuid()
        }.map(\.pid)
    }

    /// What sshd is called; since OpenSSH 9.8 the one that serves a connection, too.
    private static let names: Set<String> = ["sshd", "sshd-session", "sshd-auth"]

    static func isSSHD(_ pid: pid_t) -> Bool {
        guard let path = ProcessFacts.executable(pid), let slash = path.lastIndex(of: "/") else { return false }
        return names.contains(String(path[path.index(after: slash)...]))
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
