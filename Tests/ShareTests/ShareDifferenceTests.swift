import FileTree
import Journal
import SyncCore
import Testing

import Share

/// What a name in the share is to the journal: one table.
struct ShareDifferenceTests {
    private static let known = Fingerprint(
        kind: .file, identity: FileIdentity(device: 1, inode: 10), size: 3, mtime: 100, ctime: 200)

    private static func print(
        inode: UInt64 = 10, size: Int64 = 3, mtime: Nanoseconds = 100, ctime: Nanoseconds = 200
    ) -> Fingerprint {
        Fingerprint(
            kind: .file, identity: FileIdentity(device: 1, inode: inode), size: size, mtime: mtime, ctime: ctime)
    }

    private static func status(_ kind: FileKind, _ fingerprint: Fingerprint = known, mode: UInt16 = 0o644) -> FileStatus
    {
        FileStatus(fingerprint: of(kind, fingerprint), mode: Mode(mode))
    }

    private static func of(_ kind: FileKind, _ other: Fingerprint) -> Fingerprint {
        Fingerprint(kind: kind, identity: other.identity, size: other.size, mtime: other.mtime, ctime: other.ctime)
    }

    private static func node(_ content: Content) -> Node {
        Node(id: NodeID(7), location: Location(parent: .root, name: try! Name("a")), content: content)
    }

    private static let file = node(
        .file(
            FileContent(digest: Digest(bytes: Array(repeating: 1, count: 32))!, size: 3, mode: Mode(0o644), mtime: 100))
    )
    private static let directory = node(.directory(Mode(0o755)))
    private static let link = node(.symlink(target: [65], mtime: 1))
    private static let placed = Placed(status(.file))

    private static let rows: [(Node?, Placed?, FileStatus?, Bool, ShareDifference)] = [
        // Nothing is known.
        (nil, nil, nil, false, .none),
        (nil, nil, status(.file), false, .appeared(.file)),
        (nil, nil, status(.directory), false, .appeared(.directory)),
        (nil, nil, status(.symlink), false, .appeared(.symlink)),
        (nil, nil, status(.other(.fifo)), false, .none),
        // Nothing is there.
        (file, placed, nil, false, .vanished),
        (directory, placed, nil, false, .vanished),
        (file, placed, status(.other(.socket)), false, .vanished),
        // As it was placed.
        (file, placed, status(.file), false, .none),
        (link, placed, status(.symlink), false, .none),
        (directory, placed, status(.directory, mode: 0o755), false, .none),
        // Each thing that may tell of other bytes.
        (file, nil, status(.file), false, .touched),
        (file, placed, status(.file), true, .touched),
        (file, placed, status(.file, print(inode: 11)), false, .touched),
        (file, placed, status(.file, print(size: 4)), false, .touched),
        (file, placed, status(.file, print(mtime: 101)), false, .touched),
        (file, placed, status(.file, print(ctime: 201)), false, .touched),
        (link, placed, status(.symlink, print(inode: 11)), false, .touched),
        // A directory changes with its entries: only inode and mode count.
        (directory, placed, status(.directory, print(mtime: 101, ctime: 201), mode: 0o755), false, .none),
        (
            directory, placed, status(.directory, print(inode: 11), mode: 0o755), false,
            .directory(isOther: true, mode: nil)
        ),
        (directory, placed, status(.directory, mode: 0o700), false, .directory(isOther: false, mode: Mode(0o700))),
        (directory, nil, status(.directory, mode: 0o700), false, .directory(isOther: true, mode: Mode(0o700))),
        // Another kind.
        (file, placed, status(.directory), false, .replaced(by: .directory)),
        (directory, placed, status(.symlink), false, .replaced(by: .symlink)),
    ]

    @Test(arguments: rows.indices)
    func `what is known and what is there say what has happened`(row: Int) {
        let (node, placed, status, wasWritten, expected) = Self.rows[row]
        #expect(ShareDifference.between(node, placed: placed, status, wasWritten: wasWritten) == expected)
    }

    @Test func `something that appeared is what lay elsewhere only if inode, size and time agree`() {
        #expect(ShareDifference.isSame(Self.file, Self.placed, Self.status(.file, Self.print(ctime: 999))))
        for other in [Self.print(inode: 11), Self.print(size: 4), Self.print(mtime: 101)] {
            #expect(!ShareDifference.isSame(Self.file, Self.placed, Self.status(.file, other)))
        }
        #expect(!ShareDifference.isSame(Self.file, Self.placed, Self.status(.directory)))
        var (before, after) = (Self.placed, Self.status(.directory))
        before.born = 5
        #expect(ShareDifference.isSame(Self.directory, before, after), "a file system that does not say")
        after = FileStatus(fingerprint: Self.of(.directory, Self.known), mode: Mode(0o755), born: 6)
        #expect(!ShareDifference.isSame(Self.directory, before, after), "the inode's number was used again")
        #expect(
            ShareDifference.isSame(Self.directory, Self.placed, Self.status(.directory, Self.print(size: 4, mtime: 1))))
    }
}
