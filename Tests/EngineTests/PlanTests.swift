import Engine
import SyncCore
import Testing

@testable import Simulator

/// What a dry run says is what the pass does: all of it, and nothing else.
struct PlanTests {
    private let modes = ModesTests()

    /// What was done at random, for a failure.
    private final class History { var steps: [String] = [] }

    private static let names = ["a", "b", "keep", "gone", "edit", "d/in", "d/x", "e/y"]

    /// A few things that a user does.
    private func act(
        _ agent: SimulatedAgent, _ who: String, _ random: inout SplitMix, _ history: History
    ) throws {
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let tree = modes.read(agent.tree)
            let files = tree.filter { $0.value != "/" }.keys.sorted()
            guard let name = random.pick(PlanTests.names), let file = random.pick(files + [name]) else { continue }
            if name.hasPrefix("e/"), tree["e"] == nil { try modes.makeDirectory("e", agent) }
            if name.hasPrefix("d/"), tree["d"] == nil { try modes.makeDirectory("d", agent) }
            switch Int.random(in: 0..<5, using: &random) {
            case 0, 1:
                guard tree[file] != nil, tree[name] == nil else { continue }
                try modes.move(file, name, agent)
                history.steps.append("\(who) moves \(file) to \(name)")
            case 2:
                try modes.remove(file, agent)
                history.steps.append("\(who) removes \(file)")
            case let number:
                let target = number == 3 ? name : file
                try modes.write("\(who) \(history.steps.count)", target, agent)
                history.steps.append("\(who) writes \(target)")
            }
        }
    }

    private func changed(_ before: [String: String], _ after: [String: String]) -> Set<String> {
        Set(before.keys).union(after.keys).filter { before[$0] != after[$0] }
    }

    /// Paths that some items speak of; below what is moved or deleted everything.
    private func isNamed(_ path: String, _ items: [PlanItem]) -> Bool {
        items.contains { item in
            [item.path, item.from].compactMap { $0 }.contains { named in
                "\(named)" == path || (item.act.deed == .move && path.hasPrefix("\(named)/"))
            }
        }
    }

    private func compare(_ mode: SyncMode, _ seed: UInt64) throws {
        var random = SplitMix(seed: seed)
        let history = History()
        let pair = try modes.joined(mode)
        for _ in 0..<2 {
            try act(pair.other, "other", &random, history)
            try act(pair.mine, "mine", &random, history)
            try pair.settle()
        }
        let (here, share) = (modes.read(pair.mine.tree), modes.read(pair.hub.share))
        try pair.mine.folder.prepareToOverwrite()
        let plan = try pair.mine.folder.plan()
        try pair.settle()
        let acts = plan.filter { ![.wait, .skip].contains($0.act.deed) }
        let here2 = changed(here, modes.read(pair.mine.tree)), share2 = changed(share, modes.read(pair.hub.share))
        let up = acts.filter(\.act.isUp), down = acts.filter { !$0.act.isUp }
        let missing =
            share2.filter { !isNamed($0, up) }.map { "up \($0)" }
            + here2.filter { !isNamed($0, down) }.map { "down \($0)" }
        let idle =
            up.filter { !share2.contains("\($0.path)") }.map { "up \($0.act.deed) \($0.path)" }
            + down.filter { !here2.contains("\($0.path)") }.map { "down \($0.act.deed) \($0.path)" }
        #expect(
            missing.isEmpty && idle.isEmpty,
            """
            seed \(seed), \(mode.code): not in the plan: \(missing.sorted()); not done: \(idle.sorted())
            \(history.steps.joined(separator: "; "))
            \(plan.map { "\($0.act.isUp ? "up" : "down") \($0.act.deed) \($0.from.map { "\($0) -> " } ?? "")\($0.path)" })
            """)
    }

    @Test(arguments: [SyncMode.receiveOnly, .sendOnly(deletes: true), .sendOnly(deletes: false)])
    func `the plan of overwriting names everything that changes, and nothing else`(mode: SyncMode) throws {
        for seed in 1...40 { try compare(mode, UInt64(seed)) }
    }

    @Test func `what was only moved here goes back, and the plan says so`() throws {
        let pair = try modes.joined(.receiveOnly)
        try modes.move("keep", "d/moved", pair.mine)
        try pair.settle()
        try pair.mine.folder.prepareToOverwrite()
        let plan = try pair.mine.folder.plan()
        #expect(plan.count == 1 && plan.first?.act == PlannedAct(down: .move))
        #expect(plan.first.map { "\($0.from.map { "\($0)" } ?? "") \($0.path)" } == "d/moved keep")
        try pair.settle()
        #expect(modes.read(pair.mine.tree)["keep"] == "keep")
    }
}
