import SyncCore
import Testing

/// What follows where a list of rules cannot be read.
struct UnruledTests {
    @Test func `a list that cannot be read counts for all below it, but not in a directory that is ignored`() throws {
        let top = DirectoryRules.top(file: IgnoreList(patterns: ["build/"], origin: .file))
        let open = top.entering(try Name("src"), file: nil, isUnread: true)
        #expect(!top.isUnread && open.isUnread)
        #expect(open.entering(try Name("deep"), file: IgnoreList(patterns: ["a"], origin: .file)).isUnread)
        // What is known of the lists above it holds as ever.
        #expect(open.match(try Name("build"), isDirectory: true) != nil)
        #expect(!top.entering(try Name("build"), file: nil, isUnread: true).isUnread)
        #expect(DirectoryRules.top(file: nil, isUnread: true).entering(try Name("a"), file: nil).isUnread)
    }

    private let here = Location(parent: .root, name: try! Name("a"))  // SAFETY: a constant that is a name.

    private func subject(local: String?, synced: String?, remote: String?, deleted: Bool = false) -> Subject {
        func content(_ target: String) -> Content { .symlink(target: Array(target.utf8), mtime: 0) }
        return Subject(
            node: synced == nil && remote == nil ? nil : NodeID(5),
            local: local.map {
                LocalState(
                    entry: EntryID(7), parent: LocalParent(entry: .root, node: .root), name: here.name, kind: .symlink,
                    content: content($0))
            },
            synced: synced.map {
                SyncedState(location: here, content: content($0), contentVersion: .first, locationVersion: .first)
            },
            remote: remote.map {
                Node(
                    id: NodeID(5), location: here, content: content($0),
                    contentVersion: $0 == synced ? .first : Version(2), locationVersion: .first, seq: Sequence(9),
                    isDeleted: deleted)
            })
    }

    @Test(
        arguments: [
            // Nothing that is told or comes.
            (nil, "1", "1"), ("1", nil, nil), ("2", "1", "1"), (nil, nil, "1"), ("1", "1", "2"),
        ] as [(String?, String?, String?)])
    func `what is to go on waits in the direction that is closed`(state: (String?, String?, String?)) {
        var subject = subject(local: state.0, synced: state.1, remote: state.2)
        let free = subject.verdict
        subject.unruled = Unruled(sending: true, receiving: true)
        #expect(subject.verdict == .unruled)
        if case .send = free { subject.unruled.sending = false } else { subject.unruled.receiving = false }
        #expect(subject.verdict == free && free != .unruled)
    }

    @Test func `what is the same everywhere, gone everywhere, or ignored anyway waits for nothing`() {
        for (state, verdict) in [
            (subject(local: "1", synced: "1", remote: "1"), Verdict.settled),
            (subject(local: nil, synced: "1", remote: "1", deleted: true), .forget),
        ] {
            var subject = state
            subject.unruled = Unruled(sending: true, receiving: true)
            #expect(subject.verdict == verdict)
        }
        var ignored = subject(local: "2", synced: "1", remote: "1")
        (ignored.isIgnored, ignored.unruled) = (true, Unruled(sending: true, receiving: true))
        #expect(ignored.verdict == .ignored)
    }
}
