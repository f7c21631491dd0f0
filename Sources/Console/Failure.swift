import Arguments
import ControlAPI

/// Why a command did not do what it was asked to. Each is told as a sentence on stderr and as an exit code.
enum Failure: Error, Equatable {
    /// The words are fine one by one, but not together.
    case wrongUsage(String)
    /// No hub and no agent answers: what was tried, and what to do.
    case notReachable(String)
    case noSuchThing(String)
    case failed(String)

    var exitCode: ExitCode {
        switch self {
        case .wrongUsage: .wrongUsage
        case .notReachable: .notReachable
        case .noSuchThing: .noSuchThing
        case .failed: .failed
        }
    }

    var sentence: String {
        switch self {
        case .wrongUsage(let text), .notReachable(let text), .noSuchThing(let text), .failed(let text): text
        }
    }

    /// An error that the hub (or the agent) answered.
    /// - Parameters:
    ///   - code: see ``ControlAPI/ErrorCode``; a newer hub may know others.
    ///   - message: its sentence.
    static func answered(code: String, message: String) -> Failure {
        switch ErrorCode(rawValue: code) {
        case .hubAway: .notReachable(message)
        // A route that is missing is the fault of a version, not of the thing that was asked for.
        case .unknownRoute: .failed("\(message); syncctl and the hub are of different versions: update the older one")
        default: code.hasPrefix("unknown_") ? .noSuchThing(message) : .failed(message)
        }
    }
}
