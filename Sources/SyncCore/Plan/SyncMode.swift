/// Which of the two directions a folder takes part in.
package enum SyncMode: Hashable, Sendable {
    case twoWay
    /// This machine is the source: nothing comes down. Without `deletes`, what is deleted here stays at the hub.
    case sendOnly(deletes: Bool)
    /// The folder follows the hub: what changes here is never sent.
    case receiveOnly

    /// Whether what changes here goes up.
    package var sends: Bool { self != .receiveOnly }

    /// Whether what others change comes down.
    package var receives: Bool {
        if case .sendOnly = self { false } else { true }
    }

    /// Whether what is deleted here is deleted at the hub.
    package var sendsDeletions: Bool { self == .twoWay || self == .sendOnly(deletes: true) }

    /// As people and programs write it; the same for both kinds of `send-only`.
    package var name: String {
        switch self {
        case .twoWay: "two-way"
        case .sendOnly: "send-only"
        case .receiveOnly: "receive-only"
        }
    }

    /// All of it in one word, for an index.
    package var code: String { self == .sendOnly(deletes: false) ? "send-only-keeping" : name }

    /// The reverse of ``code``.
    package init?(code: String) {
        switch code {
        case "two-way": self = .twoWay
        case "send-only": self = .sendOnly(deletes: true)
        case "send-only-keeping": self = .sendOnly(deletes: false)
        case "receive-only": self = .receiveOnly
        default: return nil
        }
    }
}
