import FileTree
import Glibc
import SyncCore
import Synchronization
import TestSupport
import Testing

/// A disk that refuses in the middle of a step (EIO, or it has turned read-only): what came out of the tree is told, wherever it
/// lies by then.
struct RefusingDiskTests {
    /// The steps that fail.
    private final class Refusals: Sendable {
        private let steps = Mutex<Set<DiskStep>>([])
        func refuse(_ refused: DiskStep...) { steps.withLock { $0 = Set(refused) } }
        func code(_ step: DiskStep) -> Int32 { steps.withLock { $0.contains(step) } ? EROFS : 0 }
    }

    private let refusals: Refusals
    private let intruder: Intruder
    private let play: Playground

    init() throws {
        let (refusals, intruder) = (Refusals(), Intruder())
        (self.refusals, self.intruder) = (refusals, intruder)
        play = try Playground(onInstant: { intruder.run($0) }, failing: { refusals.code($0) })
        play.write("old", "file")
        let play = play
        intruder.act(at: .looked) { play.replace("file", with: "theirs") }
    }

    private func exchange() throws -> Exchange<PrivateItem> {
        try play.tree.exchange(play.item("new"), with: at("file"), expecting: play.fingerprint("file"))
    }

    private func takeAway() throws -> Removal<PrivateItem> {
        try play.tree.takeAway(at("file"), expecting: play.fingerprint("file"), into: play.area)
    }

    @Test func `an edit that a swap cannot put back is told`() throws {
        refusals.refuse(.puttingBack)
        guard case .stranded(let there?, let kept) = try exchange() else { return _ = Issue.record("not stranded") }
        #expect(there.size == 3 && play.text("file") == "new")
        #expect(try play.text(of: kept) == "theirs")
    }

    @Test func `an edit that can neither be looked at nor put back is told`() throws {
        refusals.refuse(.puttingBack, .looking)
        guard case .stranded(_, let kept) = try exchange() else { return _ = Issue.record("not stranded") }
        #expect(try play.text(of: kept) == "theirs")
    }

    @Test func `what came out of a swap and cannot be looked at gets its name back`() throws {
        refusals.refuse(.looking)
        guard case .unexpected = try exchange() else { return _ = Issue.record("replaced") }
        #expect(play.text("file") == "theirs")
        #expect(try play.area.items().map { try play.text(of: $0) } == ["new"])
    }

    @Test func `what was taken and cannot be put back is told`() throws {
        refusals.refuse(.puttingBack, .looking)
        guard case .stranded(nil, let kept) = try takeAway() else { return _ = Issue.record("not stranded") }
        #expect(try play.text(of: kept) == "theirs" && play.text("file") == nil)
    }

    @Test func `what was taken and cannot be looked at gets its name back`() throws {
        refusals.refuse(.looking)
        guard case .unexpected = try takeAway() else { return _ = Issue.record("taken") }
        #expect(play.text("file") == "theirs")
        #expect(try play.area.items().isEmpty)
    }

    @Test func `what was moved and cannot be looked at gets its name back, or is told under the new one`() throws {
        refusals.refuse(.looking)
        let identity = try play.fingerprint("file").identity
        guard case .unexpected = try play.tree.move(at("file"), to: at("moved"), expecting: identity)
        else { return _ = Issue.record("moved") }
        #expect(play.text("file") == "theirs" && play.text("moved") == nil)
        refusals.refuse(.looking, .puttingBack)
        let now = try play.fingerprint("file").identity
        guard case .misplaced = try play.tree.move(at("file"), to: at("moved"), expecting: now)
        else { return _ = Issue.record("not misplaced") }
        #expect(play.text("moved") == "theirs")
    }

    @Test func `a file that its mode closes to its owner is read where only its owner looks, and stays closed`() throws
    {
        let found = try asOrdinaryUser {
            let directory = TemporaryDirectory()
            directory.write("text", to: "file")
            #expect(chmod(directory.path("file"), 0) == 0)
            let item = try #require(try PrivateArea(path: directory.path).item(named: try Name("file")))
            let found = try item.digest()
            let after = try PrivateArea(path: directory.path).item(named: try Name("file"))
            #expect(after?.status.mode == Mode(0))
            return found
        }
        #expect(found == digest("text"))
    }

    @Test func `what has another name by now, or was changed, is not discarded`() throws {
        let item = try play.item("new")
        play.directory.write("an edit", to: "private/\(item.name)")
        try item.discard()
        #expect(try play.text(of: item) == "an edit")
        let other = try play.item("other")
        try other.discard()
        #expect(!play.directory.names(in: "private").contains("\(other.name)"))
    }
}
