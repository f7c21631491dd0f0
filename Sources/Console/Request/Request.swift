/// What a command line asks for, after parsing.
enum Request: Equatable {
    case status
    case clients
    /// Of one client, or of all.
    case unsynced(String?)
    case why(path: [UInt8])
    case log(LogRequest)
    case history(path: [UInt8], limit: Int64)
    case paths
    case invite(Invitation)
    case revoke(String)
    /// Seconds; nil until resumed.
    case pause(Chosen, seconds: Int64?)
    case resume(Chosen)
    /// Timetables as text; nil leaves a direction as it is.
    case limit(Chosen, up: String?, down: String?)
    case wait(WaitFor)
    case conflicts
    case held
    /// A batch that is held.
    case decide(Int64, isApproved: Bool)

    struct LogRequest: Equatable {
        var follow = false
        /// How many of the newest changes to begin with.
        var limit: Int64 = 50
    }

    /// Which clients.
    enum Chosen: Equatable {
        case one(String)
        case all
    }

    struct Invitation: Equatable {
        enum Kind: Equatable {
            case agent
            case admin
            /// A device that only speaks SFTP: the file with its public key, `-` is stdin.
            case sftpOnly(keyFile: [UInt8])
            /// The same, with a key that the hub makes.
            case sftpOnlyWithNewKey
        }
        var client: String
        var kind = Kind.agent
        /// It changes nothing.
        var isReadOnly = false
        /// Seconds.
        var valid: Int64?
        /// As given; nil for all of the share.
        var subtree: [UInt8]?
        /// The file that the secret is written to; nil for stdout.
        var out: [UInt8]?
    }

    struct WaitFor: Equatable {
        /// As given; nil for everything.
        var path: [UInt8]?
        /// Empty for every client that is neither paused nor revoked.
        var on: [String] = []
        /// Seconds; nil for as long as it takes.
        var timeout: Int64?
    }
}

/// A parsed command line.
struct Errand: Equatable {
    var request: Request
    var asJSON = false
    var root: [UInt8]?
    var home: [UInt8]?
}
