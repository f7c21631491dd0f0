import ControlAPI
import FileTree
import Glibc
import Journal
import SyncCore
import TestSupport
import Testing

@testable import Hub

/// Phones and agents at the same time, at random: when all is quiet, the share is what the journal says.
struct ShareRandomTests {
    @Test(arguments: 0..<6)
    func `random changes by phones and agents end in one tree`(round: Int) throws {
        let seed = getenv("SYNC_SEED").flatMap { UInt64(String(cString: $0)) } ?? UInt64.random(in: 1..<1_000_000)
        var random = SeededRandom(seed: seed &+ UInt64(round))
        let share = try ShareHub(settle: [0, 20, 100][round % 3], retry: 100)
        let laptop = try share.hub.join("laptop")
        var story: [String] = []
        for step in 0..<120 {
            let line =
                Bool.random(using: &random)
                ? phone(share, step, &random) : try agent(share, laptop, step, &random)
            if let line { story.append(line) }
            if Int.random(in: 0..<10, using: &random) == 0 { usleep(UInt32.random(in: 0..<60_000, using: &random)) }
        }
        if try !share.settle(within: 10).inSync {
            let open = share.hub.core.inspect { desk in
                "\(desk.share!.unfinished) \(desk.share!.problems) \(desk.placer.backlog)"
            }
            let all = story.joined(separator: "\n")
            Issue.record("SYNC_SEED=\(seed) round \(round) never ends: \(open)\n\(all)")
        }
        let deadline = ContinuousClock.now + .seconds(20)
        while try !share.hub.journal().pendingPlacements().isEmpty, ContinuousClock.now < deadline { usleep(20_000) }
        try share.expectSame()
        #expect(!story.isEmpty, "SYNC_SEED=\(seed) round \(round)")
        let isSame = share.hub.core.inspect { $0.share!.unfinished.isEmpty && $0.share!.problems.isEmpty }
        #expect(isSame, "SYNC_SEED=\(seed) round \(round)\n\(story.joined(separator: "\n"))")
    }

    private func name(_ random: inout SeededRandom) -> String {
        let names = ["a", "b", "c", "d", "e"]
        return (0..<Int.random(in: 1...3, using: &random)).map { _ in names.randomElement(using: &random)! }
            .joined(separator: "/")
    }

    /// What does not work is left undone.
    private func phone(_ share: ShareHub, _ step: Int, _ random: inout SeededRandom) -> String? {
        let (one, two) = (name(&random), name(&random))
        switch Int.random(in: 0..<7, using: &random) {
        case 0, 1:
            let file = open(share.at(one), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o644)
            guard file >= 0 else { return nil }
            defer { close(file) }
            let text = "phone \(step)"
            return write(file, text, text.utf8.count) > 0 ? "phone put \(one)" : nil
        case 2: return mkdir(share.at(one), 0o755) == 0 ? "phone mkdir \(one)" : nil
        case 3: return rename(share.at(one), share.at(two)) == 0 ? "phone move \(one) \(two)" : nil
        case 4:
            guard link(share.at(one), share.at(two)) == 0 else { return nil }
            return unlink(share.at(one)) == 0 ? "phone relink \(one) \(two)" : nil
        case 5: return unlink(share.at(one)) == 0 ? "phone rm \(one)" : nil
        default: return rmdir(share.at(one)) == 0 ? "phone rmdir \(one)" : nil
        }
    }

    private func agent(_ share: ShareHub, _ laptop: TestClient, _ step: Int, _ random: inout SeededRandom) throws
        -> String?
    {
        let journal = try share.hub.journal()
        let (one, two) = (name(&random), name(&random))
        func path(_ text: String) throws -> RelativePath { try RelativePath(bytes: Array(text.utf8)) }
        func parent(_ text: String) throws -> NodeID? {
            let above = try path(text).parent
            if above.isTop { return .root }
            return try journal.node(at: above).flatMap { $0.content.isDirectory ? $0.id : nil }
        }
        let last = try path(one).last!
        let node = try journal.node(at: path(one))
        switch Int.random(in: 0..<5, using: &random) {
        case 0:
            guard let parent = try parent(one) else { return nil }
            _ = try laptop.create("\(last)", "agent \(step)", in: parent)
            return "agent create \(one)"
        case 1:
            guard let parent = try parent(one) else { return nil }
            _ = try laptop.commit(
                laptop.operation(.create(in: .node(parent), name: last, content: .directory(Mode(0o755)))))
            return "agent mkdir \(one)"
        case 2:
            guard let node, node.content.kind == .file else { return nil }
            _ = try laptop.edit(node, "agent \(step)")
            return "agent edit \(one)"
        case 3:
            guard let node, let parent = try parent(two), let name = try path(two).last else { return nil }
            _ = try laptop.commit(
                laptop.operation(.move(node.id, base: node.locationVersion, to: .node(parent), name: name)))
            return "agent move \(one) \(two)"
        default:
            guard let node else { return nil }
            _ = try laptop.commit(
                laptop.operation(
                    .delete(node.id, contentBase: node.contentVersion, locationBase: node.locationVersion)))
            return "agent rm \(one)"
        }
    }
}
