internal import CLinux
import Glibc
internal import Processes
internal import Share
import SyncCore
import Synchronization

/// Where the sessions of devices tell what they do. What they have told is taken in by a thread, and by whoever looks: an operation is
/// told before it is done, so what was seen of it in the share has been told when it is looked at. Any thread.
final class SessionSocket: Sendable {
    private struct State {
        var table = UploadTable()
        var authors = AuthorTable()
        var unseen = UnseenTable()
        /// Connections, and whether they have said who they are.
        var connections: [UInt64: (descriptor: Int32, hasBegun: Bool)] = [:]
        var last: UInt64 = 0
        /// No more descriptors are to be had: whoever waits to be accepted waits a little.
        var isFull = false
        /// Of the table's changes, those that somebody was told of.
        var toldChanges: Int64 = 0
        var onChange: (@Sendable () -> Void)?
        var isStopped = false
    }

    private let state = Mutex(State())
    private let share: String
    private let listener: Int32
    private let wakeup: Int32
    private let log = Log("sessions")
    /// False while the thread runs.
    private let isOver = Monitor(true)

    /// Begins to listen.
    /// - Throws: ``HubFileError``; a hub does without then.
    init(_ layout: HubLayout) throws(HubFileError) {
        share = layout.share
        try HubFile.makeDirectory(layout.sessions, mode: 0o700)
        let directory = try HubFile.check(
            open(layout.sessions, LINUX_O_PATH | LINUX_O_DIRECTORY | O_CLOEXEC), "open", layout.sessions)
        defer { close(directory) }
        listener = try HubFile.check(
            linux_listen_for_records(directory, HubLayout.sessionSocket), "listen in", layout.sessions)
        wakeup = try HubFile.check(linux_eventfd(1), "wait for sessions in", layout.sessions)
    }

    deinit {
        for connection in state.withLock({ $0.connections.values.map { $0.descriptor } }) { close(connection) }
        for descriptor in [listener, wakeup] { close(descriptor) }
    }

    /// Takes in what is told as it comes.
    /// - Parameter onChange: called on any thread when a look may find something else than before.
    func start(onChange: @escaping @Sendable () -> Void) {
        state.withLock { $0.onChange = onChange }
        isOver.withLock { $0 = false }
        startThread("sessions") { [self] in
            while let (all, timeout) = descriptors {
                var waited = all
                let count = nfds_t(waited.count)
                if poll(&waited, count, timeout) < 0, errno != EINTR { break }
                var wakeups: UInt64 = 0
                _ = read(wakeup, &wakeups, 8)
                _ = look()
            }
            isOver.withLock { $0 = true }
        }
    }

    /// What the thread waits for, and for how many milliseconds; nil to end.
    private var descriptors: ([pollfd], Int32)? {
        state.withLock { state in
            if state.isStopped { return nil }
            let own = state.isFull ? [wakeup] : [wakeup, listener]
            let waited = (own + state.connections.values.map { $0.descriptor }).map {
                pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
            }
            return (waited, state.isFull ? 100 : -1)
        }
    }

    /// It waits for others than before.
    private func wake() {
        var one: UInt64 = 1
        _ = write(wakeup, &one, 8)
    }

    /// Returns when the thread has ended.
    func stop() {
        state.withLock {
            $0.isStopped = true
            $0.onChange = nil
        }
        wake()
        _ = isOver.wait { $0 ? true : nil }
    }

    /// What devices are doing, with all that was told until now.
    func look() -> UploadView {
        let (view, onChange) = state.withLock { state in
            receive(&state)
            let isNews = state.table.changes > state.toldChanges
            state.toldChanges = state.table.changes
            return (state.table.view, isNews ? state.onChange : nil)
        }
        onChange?()
        return view
    }

    /// Files that devices have written to and closed since this was asked last.
    func takeFinished() -> Set<RelativePath> { state.withLock { $0.table.takeFinished() } }

    /// Somebody has taken note that it is broken.
    func forget(_ path: RelativePath) { state.withLock { $0.table.forget(path) } }

    /// The hub has renamed something in the share.
    func moved(_ from: RelativePath, _ to: RelativePath) {
        state.withLock {
            $0.table.moved(from, to)
            $0.authors.moved(from, to)
            $0.unseen.moved(from, to)
        }
    }

    // MARK: - Whose it is

    /// Which devices made changes that were just seen in the share, with all that was told until now; nil for each of which that is not
    /// known.
    func authors(of changes: [FoundChange]) -> [String?] {
        state.withLock { state in
            receive(&state)
            return state.authors.authors(of: changes, at: SessionSocket.now)
        }
    }

    /// These changes, which were asked about just before, are in the journal.
    func take(_ changes: [FoundChange]) {
        state.withLock {
            $0.authors.take(changes)
            $0.unseen.take(changes)
        }
    }

    /// The hub has placed bytes there.
    func placed(_ path: RelativePath, _ content: Digest) {
        state.withLock { state in
            receive(&state)
            state.unseen.placed(path, content, at: SessionSocket.now)
        }
    }

    /// What lies there is what the journal has, as was seen after a look.
    func confirm(_ path: RelativePath) { state.withLock { $0.unseen.confirm(path, at: SessionSocket.now) } }

    /// Whether a device has written there, or taken away what was there, that could not have seen it.
    func isUnseen(_ path: RelativePath) -> Bool { state.withLock { $0.unseen.isUnseen(path) } }

    /// Whether there is any such path.
    var hasUnseen: Bool { state.withLock { $0.unseen.hasUnseen } }

    /// Whatever else happens to what is known of that.
    func updateAuthors<Value: Sendable>(_ body: (_ table: inout AuthorTable, _ now: Int64) -> Value) -> Value {
        state.withLock { body(&$0.authors, SessionSocket.now) }
    }

    /// Milliseconds since some moment; no clock sets them.
    private static var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
    }

    // MARK: - Taking in

    /// All that was told until now. Twice: what is told after the second time is known to come after what was found the first time.
    private func receive(_ state: inout State) {
        for _ in 0..<2 {
            accept(&state)
            var isAll = true
            for id in Array(state.connections.keys) where !receive(from: id, &state) { isAll = false }
            if isAll { state.table.endRound() }
        }
    }

    private func accept(_ state: inout State) {
        while true {
            let connection = linux_accept_for_records(listener)
            if connection < 0 {
                state.isFull = [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(errno)
                return
            }
            var (process, user) = (pid_t(), uid_t())
            guard linux_peer(connection, &process, &user) == 0, user == geteuid() || user == 0 else {
                close(connection)
                continue
            }
            state.last += 1
            state.connections[state.last] = (connection, false)
            wake()
        }
    }

    /// One that talks without end keeps nobody else waiting for ever.
    /// - Returns: whether nothing is left.
    private func receive(from id: UInt64, _ state: inout State) -> Bool {
        guard let connection = state.connections[id] else { return true }
        var hasBegun = connection.hasBegun
        defer { state.connections[id]?.hasBegun = hasBegun }
        for _ in 0..<1_024 {
            guard let record = SessionSocket.record(from: connection.descriptor) else { return true }
            if record.isEmpty {
                end(id, &state)
                return true
            }
            if hasBegun {
                let record = SessionRecord(record)
                state.table.note(record, by: SessionID(rawValue: id))
                state.authors.note(record, by: SessionID(rawValue: id), at: SessionSocket.now)
                state.unseen.note(record, by: SessionID(rawValue: id), at: SessionSocket.now)
            } else {
                guard begin(id, record, &state) else {
                    end(id, &state)
                    return true
                }
                hasBegun = true
            }
        }
        return false
    }

    /// Empty when it is over; nil if nothing is there now. A record has 1,023 bytes at most, and the first one a path.
    private static func record(from descriptor: Int32) -> [UInt8]? {
        var isNothing = false
        let record = [UInt8](unsafeUninitializedCapacity: 8_192) { block, count in
            // SAFETY: the block's own length goes along.
            let received = recv(descriptor, block.baseAddress, block.count, Int32(MSG_DONTWAIT))
            if received < 0, errno == EAGAIN || errno == EINTR { isNothing = true }
            count = max(0, received)
        }
        return isNothing ? nil : record
    }

    private func begin(_ id: UInt64, _ record: [UInt8], _ state: inout State) -> Bool {
        guard let hello = SessionHello(record), let share = realpath(share, nil) else { return false }
        defer { free(share) }
        // SAFETY: the text's own length goes along.
        let path = Array(UnsafeRawBufferPointer(start: share, count: strlen(share)))
        let place = SessionPlace(share: path, start: hello.start)
        state.table.begin(SessionID(rawValue: id), hello.client, place)
        state.authors.begin(SessionID(rawValue: id), hello.client, place)
        state.unseen.begin(SessionID(rawValue: id), hello.client, place)
        log.debug("begins", ["client": hello.client, "session": id])
        return true
    }

    private func end(_ id: UInt64, _ state: inout State) {
        guard let connection = state.connections.removeValue(forKey: id) else { return }
        close(connection.descriptor)
        wake()
        state.table.end(SessionID(rawValue: id))
        state.authors.end(SessionID(rawValue: id))
        state.unseen.end(SessionID(rawValue: id))
        log.debug("ends", ["session": id])
    }
}
