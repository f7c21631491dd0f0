/// What kind of history: who works when.
package enum Mood: String, CaseIterable {
    /// Everybody at any time.
    case chaos
    /// One user only, or the phone only; the others look on. No conflict can be, and what the user has is what all get.
    case alone
    /// One user at a time, or the phone, and all in sync in between.
    case turns
    /// Everybody, with short names in few places, and long times without the hub.
    case apart
    /// Everybody at any time, and clocks that jump by years: what becomes of it is what would have become of it without.
    case clocks
    /// Two or three who work at the same few names before they have heard of each other, again and again.
    case crowded
    /// Everybody dies in the middle of things, and is asked to go on before it has looked around.
    case starts
    /// Indexes and journals are lost, and restored from backups, with the share or without it.
    case restored
    /// The guard holds what deletes or rewrites much, and a person approves or rejects it.
    case held
    /// Journals, indexes and disks refuse a step now and then, and everybody lives on.
    case failing
}

struct History {
    var mood: Mood
    var agents: Int
    var steps: [Step]

    init(mood: Mood, agents: Int, steps: [Step]) {
        self.mood = mood
        self.agents = agents
        self.steps = steps
    }

    /// As a failure prints it.
    init?(_ text: String) {
        var lines = text.split(separator: "\n").map { String($0).split(separator: " ").map(String.init) }
        guard let first = lines.first, first.count == 2, let mood = Mood(rawValue: first[0]), let agents = Int(first[1])
        else { return nil }
        lines.removeFirst()
        self.init(mood: mood, agents: agents, steps: lines.compactMap { Step($0.joined(separator: " ")) })
    }

    var text: String { (["\(mood.rawValue) \(agents)"] + steps.map(\.description)).joined(separator: "\n") }

    mutating func add(_ agent: Int, _ act: Step.Act, _ random: inout SplitMix) {
        steps.append(Step(agent: agent, act: act, seed: random.next()))
    }
}
