import Index
import SyncCore
import Testing

@testable import Engine

/// What the engine remembers of what it has just placed, so that its own events cost nothing.
@Suite struct JustPlacedTests {
    private let path = try! RelativePath(bytes: Array("d/f".utf8))
    private let name = try! Name("f")
    private let status = DiskStatus(
        kind: .node(.file), stamp: Stamp(device: 1, inode: 2, size: 3, mtime: 4, ctime: 5), mode: Mode(0o644))

    @Test func `a placing answers for one event, and for its own name only`() throws {
        var placed = JustPlaced()
        placed.note(EntryID(7), name, path, status)
        expectUnknown(&placed, 8, name)
        let other = try Name("g")
        expectUnknown(&placed, 7, other)
        let taken = placed.take(EntryID(7), name)
        #expect(taken?.path == path && taken?.status == status)
        expectUnknown(&placed, 7, name)
    }

    @Test func `what was forgotten answers for nothing`() {
        var placed = JustPlaced()
        placed.note(EntryID(7), name, path, status)
        placed.forget()
        expectUnknown(&placed, 7, name)
    }

    private func expectUnknown(
        _ placed: inout JustPlaced, _ directory: Int64, _ name: Name, _ location: SourceLocation = #_sourceLocation
    ) {
        let found = placed.take(EntryID(directory), name)
        #expect(found == nil, sourceLocation: location)
    }
}
