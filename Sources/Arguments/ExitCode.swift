/// How a program ends, for scripts.
package enum ExitCode: Int32, Sendable {
    case done = 0
    case failed = 1
    case wrongUsage = 2
    /// The hub or the agent does not answer.
    case notReachable = 3
    /// No such client, path, conflict or version.
    case noSuchThing = 4
    /// What was waited for did not happen in time.
    case timedOut = 5
    /// The hub does not know this machine (any more): trying again does not help (`RestartPreventExitStatus` in
    /// deploy/syncagent.service).
    case notKnown = 6
}
