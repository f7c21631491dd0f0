import SyncCore

/// Work that is the same each time, to be counted in instructions: what twice as many rounds cost more is what a round costs.
enum Counted: String, CaseIterable {
    /// 1 MiB of bytes, cut.
    case cut
    /// A thousand nodes, each looked at by the planner.
    case plan

    func run(rounds: Int) {
        switch self {
        case .cut: Counted.cut(rounds)
        case .plan: Counted.plan(rounds)
        }
    }

    private static func cut(_ rounds: Int) {
        let size = 1 << 20
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 64)
        defer { bytes.deallocate() }
        var random = SplitMix(state: 1)
        for offset in stride(from: 0, to: size, by: 8) {
            bytes.storeBytes(of: random.next(), toByteOffset: offset, as: UInt64.self)
        }
        var cuts = 0
        for _ in 0..<rounds {
            var chunker = Chunker(ChunkSizes(contentOf: 64 << 20))
            var rest = UnsafeRawBufferPointer(bytes)
            while let count = chunker.cut(rest) {
                rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
                cuts += 1
            }
        }
        print("cuts", cuts)
    }

    private static func plan(_ rounds: Int) {
        let subjects = (1...1_000).map(subject)
        var settled = 0
        for _ in 0..<rounds { settled += subjects.count { $0.verdict == .settled } }
        print("settled", settled)
    }

    /// In turn unchanged, new here, edited, moved, deleted here, new there, edited there, deleted there.
    private static func subject(_ number: Int) -> Subject {
        func content(_ byte: Int) -> Content {
            // SAFETY: a digest has 32 bytes.
            let digest = Digest(bytes: [UInt8](repeating: UInt8(byte), count: 32))!
            return .file(FileContent(digest: digest, size: 4_096, mode: Mode(0o644), mtime: Int64(byte)))
        }
        // SAFETY: letters are a name.
        let (old, new) = (try! Name("old name"), try! Name("new name"))
        let node = Node(
            id: NodeID(Int64(number + 1)), location: Location(parent: .root, name: old), content: content(1))
        let parent = LocalParent(entry: EntryID(1), node: .root)
        let local = LocalState(
            entry: EntryID(Int64(number + 1)), parent: parent, name: old, kind: .file, content: content(1))
        var subject = Subject(node: node.id, local: local, synced: SyncedState(node), remote: node)
        switch number % 8 {
        case 1: (subject.node, subject.synced, subject.remote) = (nil, nil, nil)
        case 2: subject.local?.content = content(2)
        case 3: subject.local?.name = new
        case 4: subject.local = nil
        case 5: (subject.local, subject.synced) = (nil, nil)
        case 6:
            subject.remote?.content = content(3)
            subject.remote?.contentVersion = Version(2)
        case 7: subject.remote?.isDeleted = true
        default: break
        }
        return subject
    }
}

/// Vigna's SplitMix64.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
