import Testing

@testable import SyncCore

/// What a pass would do about one node, foreseen from its three states.
@Suite struct PlannedActTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var local: Content?
        var synced: Content?
        var remote: Content?
        var expected: [PlannedAct]

        init(
            _ description: String, local: Content?, synced: Content?, remote: Content?, _ expected: [PlannedAct]
        ) {
            testDescription = description
            (self.local, self.synced, self.remote, self.expected) = (local, synced, remote, expected)
        }
    }

    private static func file(_ letter: UInt8, size: Int64 = 3, mode: UInt16 = 0o644) -> Content {
        .file(
            FileContent(
                digest: Digest(bytes: Array(repeating: letter, count: 32))!, size: size, mode: Mode(mode), mtime: 0))
    }

    static let table = [
        Case("nothing changed", local: file(1), synced: file(1), remote: file(1), []),
        Case("edited here", local: file(2, size: 5), synced: file(1), remote: file(1), [PlannedAct(up: .edit, 5)]),
        Case(
            "edited there", local: file(1), synced: file(1), remote: file(2, size: 7), [PlannedAct(down: .edit, 7)]),
        Case(
            "edited on both sides", local: file(2, size: 5), synced: file(1), remote: file(3, size: 7),
            [PlannedAct(up: .conflict, 5), PlannedAct(down: .edit, 7)]),
        Case(
            "mode here, bytes there", local: file(1, mode: 0o600), synced: file(1), remote: file(3, size: 7),
            [PlannedAct(up: .edit), PlannedAct(down: .edit, 7)]),
        Case("new here", local: file(1), synced: nil, remote: nil, [PlannedAct(up: .create, 3)]),
        Case("new there", local: nil, synced: nil, remote: file(1), [PlannedAct(down: .create, 3)]),
        Case("deleted here", local: nil, synced: file(1), remote: file(1), [PlannedAct(up: .delete)]),
        Case(
            "deleted here, edited there", local: nil, synced: file(1), remote: file(2, size: 7),
            [PlannedAct(down: .create, 7)]),
        Case("deleted there", local: file(1), synced: file(1), remote: nil, [PlannedAct(down: .delete)]),
        Case(
            "edited here, deleted there", local: file(2, size: 5), synced: file(1), remote: nil,
            [PlannedAct(up: .edit, 5)]),
    ]

    @Test(arguments: table)
    func `an act follows from the three states`(_ row: Case) throws {
        let place = Location(parent: .root, name: try Name("f"))
        let isNew = row.synced == nil && row.remote == nil
        let local = row.local.map {
            LocalState(
                entry: EntryID(7), parent: LocalParent(entry: .root, node: .root), name: place.name, kind: $0.kind,
                content: $0)
        }
        let synced = row.synced.map {
            SyncedState(location: place, content: $0, contentVersion: .first, locationVersion: .first)
        }
        let version = row.remote == row.synced ? Version.first : Version(2)
        let remote =
            isNew
            ? nil
            // SAFETY: what is not new was agreed, or is at the hub.
            : Node(
                id: NodeID(5), location: place, content: (row.remote ?? row.synced)!, contentVersion: version,
                isDeleted: row.remote == nil)
        let subject = Subject(node: isNew ? nil : NodeID(5), local: local, synced: synced, remote: remote)
        #expect(subject.plan == row.expected)
    }

    @Test func `of two moves the first counts`() throws {
        let place = { (name: String) in Location(parent: .root, name: try Name(name)) }
        let local = LocalState(
            entry: EntryID(7), parent: LocalParent(entry: .root, node: .root), name: try Name("mine"), kind: .file,
            content: PlannedActTests.file(1))
        let synced = SyncedState(
            location: try place("old"), content: PlannedActTests.file(1), contentVersion: .first,
            locationVersion: .first)
        var remote = Node(id: NodeID(5), location: try place("old"), content: PlannedActTests.file(1))
        #expect(
            Subject(node: remote.id, local: local, synced: synced, remote: remote).plan == [PlannedAct(up: .move)])
        remote.location = try place("theirs")
        remote.locationVersion = Version(2)
        #expect(
            Subject(node: remote.id, local: local, synced: synced, remote: remote).plan == [PlannedAct(down: .move)])
    }
}
