import Testing

@testable import SyncCore

/// What each mode lets through of one node: the rule as a table.
@Suite struct ModeVerdictTests {
    /// What a side has: a letter for the bytes, another mode, another place, or nothing.
    enum Side: Sendable {
        case none
        case bytes(UInt8)
        /// The agreed bytes, with other permission bits.
        case mode
        /// The agreed bytes under another name.
        case moved
        /// Other bytes under another name.
        case both(UInt8)
    }

    enum Expected: Sendable {
        case settled, forget, adopt, send, make, change, remove, barredUp, barredDown, release, discard
    }

    struct Row: Sendable, CustomTestStringConvertible {
        var local: Side
        /// Whether something was agreed; that is always bytes 1.
        var isKnown = true
        var remote: Side
        var expected: Expected
        var testDescription: String { "\(local) here, \(remote) there: \(expected)" }
        init(_ local: Side, _ remote: Side, known: Bool = true, _ expected: Expected) {
            (self.local, self.remote, isKnown, self.expected) = (local, remote, known, expected)
        }
    }

    private func content(_ side: Side) -> Content? {
        let (letter, mode): (UInt8, UInt16)
        switch side {
        case .none: return nil
        case .bytes(let bytes), .both(let bytes): (letter, mode) = (bytes, 0o644)
        case .mode: (letter, mode) = (1, 0o600)
        case .moved: (letter, mode) = (1, 0o644)
        }
        // SAFETY: 32 bytes.
        let digest = Digest(bytes: Array(repeating: letter, count: 32))!
        return .file(FileContent(digest: digest, size: 3, mode: Mode(mode), mtime: 0))
    }

    private func name(_ side: Side, _ other: String) throws -> Name {
        switch side {
        case .moved, .both: try Name(other)
        default: try Name("f")
        }
    }

    private func subject(_ row: Row, _ mode: SyncMode, overwrites: Bool) throws -> Subject {
        let agreed = try Location(parent: .root, name: Name("f"))
        let local = try content(row.local).map {
            LocalState(
                entry: EntryID(7), parent: LocalParent(entry: .root, node: .root),
                name: try name(row.local, "here"), kind: .file, content: $0)
        }
        let synced = content(.bytes(1)).flatMap { content in
            row.isKnown
                ? SyncedState(location: agreed, content: content, contentVersion: .first, locationVersion: .first) : nil
        }
        var remote: Node?
        if row.isKnown || content(row.remote) != nil {
            remote = Node(
                id: NodeID(5), location: try Location(parent: .root, name: name(row.remote, "there")),
                // SAFETY: has bytes.
                content: content(row.remote) ?? content(.bytes(1))!, contentVersion: .first, locationVersion: .first,
                isDeleted: content(row.remote) == nil)
            if case .bytes(1) = row.remote {} else { remote?.contentVersion = Version(2) }
        }
        return Subject(
            node: row.isKnown || remote != nil ? NodeID(5) : nil, local: local, synced: synced, remote: remote,
            mode: mode, overwrites: overwrites)
    }

    private func short(_ verdict: Verdict) -> Expected? {
        switch verdict {
        case .settled: .settled
        case .forget: .forget
        case .adopt: .adopt
        case .send: .send
        case .receive(.make): .make
        case .receive(.change): .change
        case .receive(.remove): .remove
        case .barred(.sending): .barredUp
        case .barred(.receiving): .barredDown
        case .release: .release
        case .discard: .discard
        case .hash, .settling, .ignored, .unruled: nil
        }
    }

    private func check(_ row: Row, _ mode: SyncMode, overwrites: Bool = false) throws {
        let verdict = try subject(row, mode, overwrites: overwrites).verdict
        #expect(short(verdict) == row.expected, "\(verdict)")
    }

    @Test(arguments: [
        Row(.bytes(1), .bytes(1), .settled), Row(.bytes(2), .bytes(1), .send), Row(.moved, .bytes(1), .send),
        Row(.none, .bytes(1), .send), Row(.bytes(2), .none, known: false, .send),
        Row(.bytes(1), .bytes(3), .barredDown), Row(.bytes(1), .moved, .barredDown),
        Row(.bytes(1), .none, .barredDown), Row(.none, .bytes(3), known: false, .barredDown),
        // What meets goes up all the same: the hub keeps both.
        Row(.bytes(2), .bytes(3), .send), Row(.bytes(2), .none, .send), Row(.none, .bytes(3), .send),
        Row(.none, .none, .forget), Row(.bytes(2), .bytes(2), .adopt),
    ])
    func `the source sends what it has and takes nothing`(_ row: Row) throws {
        try check(row, .sendOnly(deletes: true))
    }

    @Test(arguments: [
        Row(.none, .bytes(1), .barredUp), Row(.none, .bytes(3), .barredUp), Row(.bytes(2), .bytes(1), .send),
        Row(.none, .none, .forget), Row(.bytes(1), .none, .barredDown),
    ])
    func `a source that keeps deletes nothing at the hub`(_ row: Row) throws {
        try check(row, .sendOnly(deletes: false))
    }

    @Test(arguments: [
        Row(.bytes(1), .bytes(1), .settled), Row(.bytes(1), .bytes(3), .change), Row(.bytes(1), .moved, .change),
        Row(.bytes(1), .none, .remove), Row(.none, .bytes(3), known: false, .make),
        Row(.bytes(2), .none, known: false, .barredUp), Row(.bytes(2), .bytes(1), .barredUp),
        Row(.moved, .bytes(1), .barredUp), Row(.mode, .bytes(1), .barredUp), Row(.none, .bytes(1), .barredUp),
        // The hub's change counts; no bytes are lost.
        Row(.none, .bytes(3), .make), Row(.none, .none, .forget), Row(.moved, .bytes(3), .change),
        Row(.moved, .none, .remove), Row(.mode, .bytes(3), .change), Row(.bytes(2), .bytes(3), .release),
        Row(.bytes(2), .none, .release), Row(.bytes(2), .mode, .adopt), Row(.bytes(2), .both(3), .release),
        Row(.bytes(2), .moved, .change), Row(.bytes(2), .bytes(2), .adopt),
    ])
    func `the follower takes what the hub has and sends nothing`(_ row: Row) throws {
        try check(row, .receiveOnly)
    }

    @Test(arguments: [
        Row(.bytes(1), .bytes(3), .adopt), Row(.bytes(1), .moved, .adopt), Row(.none, .bytes(3), known: false, .adopt),
        Row(.bytes(2), .bytes(3), .adopt), Row(.none, .bytes(3), .adopt), Row(.bytes(1), .none, .release),
        Row(.bytes(2), .none, .send), Row(.bytes(2), .bytes(1), .send), Row(.bytes(1), .bytes(1), .settled),
    ])
    func `what overwrites the hub takes its state for seen`(_ row: Row) throws {
        try check(row, .sendOnly(deletes: true), overwrites: true)
    }

    @Test(arguments: [
        Row(.bytes(2), .none, known: false, .discard), Row(.bytes(2), .bytes(1), .discard),
        Row(.bytes(2), .bytes(3), .discard), Row(.moved, .bytes(1), .change), Row(.mode, .bytes(1), .change),
        Row(.none, .bytes(1), .make), Row(.bytes(2), .none, .discard), Row(.moved, .none, .remove),
        Row(.bytes(1), .bytes(1), .settled),
    ])
    func `a folder that is overwritten becomes what the hub has`(_ row: Row) throws {
        try check(row, .receiveOnly, overwrites: true)
    }

    @Test(arguments: [SyncMode.twoWay, .sendOnly(deletes: true), .sendOnly(deletes: false), .receiveOnly])
    func `a mode is written down and read again`(_ mode: SyncMode) {
        #expect(SyncMode(code: mode.code) == mode)
    }
}
