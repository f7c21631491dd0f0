import CFaults
import Engine
import FileTree
import SQLite

/// A disk that is full, or does not take what is written, for a while: steps on it fail, and whoever takes them lives on.
final class Trouble {
    private var succeeding = 0
    private var failing = 0

    /// So many steps from now go well, and so many after those fail.
    func begin(after succeeding: Int, failing: Int) {
        self.succeeding = succeeding
        self.failing = failing
    }

    func end() { failing = 0 }

    /// Asked before each step: whether it fails.
    func strikes() -> Bool {
        if failing == 0 { return false }
        if succeeding > 0 {
            succeeding -= 1
            return false
        }
        failing -= 1
        return true
    }

    /// Whether an error is of this kind, and none of ours.
    static func isCause(of error: any Error) -> Bool {
        error is FileTreeError || error is DiskProblem || (error as? DatabaseError)?.code == refusedCommit
    }

    /// SQLITE_CONSTRAINT_COMMITHOOK (https://www.sqlite.org/rescode.html#constraint_commithook).
    private static let refusedCommit: Int32 = 531
}

/// The same for the COMMITs of journals and indexes, of all that a history has: they are of its thread.
enum CommitTrouble {
    /// To be asked for before the first database is opened.
    static let isPossible: Void = faults_watch_commits()

    static func begin(after succeeding: Int, failing: Int) { faults_fail_commits(Int32(succeeding), Int32(failing)) }

    static func end() { faults_fail_commits(0, 0) }
}

extension Simulation {
    /// - Returns: false if the step is none of these.
    func performTrouble(_ act: Step.Act, _ agent: SimulatedAgent, _ random: inout SplitMix) -> Bool {
        // The histories of other moods are what they were: nothing is drawn in them.
        guard mood == .failing else { return false }
        // Mostly what comes next: what fails later hits what follows a failure.
        let longest = random.once(in: 3) ? 40 : 8
        let after = Int.random(in: 0...longest, using: &random)
        let count = random.once(in: 3) ? Int.random(in: 2...12, using: &random) : 1
        switch act {
        case .failCommits: CommitTrouble.begin(after: after, failing: count)
        case .failShare: hub.disk.trouble.begin(after: after, failing: count)
        case .failTree: agent.tree.trouble.begin(after: after, failing: count)
        default: return false
        }
        return true
    }

    func endTrouble() {
        CommitTrouble.end()
        hub.disk.trouble.end()
        for agent in agents { agent.tree.trouble.end() }
    }
}
