internal import ControlAPI
internal import Transport

/// What a person is told when the hub does not know this machine: a sentence, and the commands that help.
struct Rejoining {
    private let configuration: AgentConfiguration
    private let home: String
    private let begunRotation: String
    /// Whether a change of the key was begun here and not finished.
    private var isRotating: Bool { Files.exists(begunRotation) }

    init(_ layout: AgentLayout, _ configuration: AgentConfiguration) {
        self.configuration = configuration
        home = layout.home
        begunRotation = layout.begunRotation
    }

    /// Nil if the failure is of another kind.
    func failure(for error: HubError) -> AgentFailure? {
        let cause: String
        switch error {
        case .refused(let message) where message.code == .revoked:
            cause = "this machine was revoked at the hub. The folder stays as it is."
        case .refusedKey: cause = Rejoining.unknown(error)
        case .refused(let message) where message.code == .unauthorized: cause = Rejoining.unknown(error)
        default: return nil
        }
        if isRotating, error.answer?.code != .revoked {
            // Whoever starts it again may find that finished.
            return AgentFailure(.failed, "\(error). The folder stays as it is. \(rotation)")
        }
        return AgentFailure(
            .notKnown,
            "\(cause) To come back, at the hub: syncctl invite \(configuration.client). Then here: \(commands). Nothing is "
                + "lost: what only this folder has is sent when the agent is started again")
    }

    /// What was met, where that may pass by itself.
    func met(_ error: any Error) -> String {
        if case HubError.unproven = error, isRotating { return "\(error). \(rotation)" }
        return "\(error)"
    }

    private var rotation: String {
        "A change of this machine's key and token was begun and not finished: `syncagent rotate --home \(Rejoining.word(home))` goes "
            + "on with it, or goes back"
    }

    /// The hub does not say which of the two it is.
    private static func unknown(_ error: HubError) -> String {
        "\(error). The folder stays as it is. The hub does not know this machine (any more): it was revoked, or the hub was "
            + "restored from a backup that is older than this machine's join."
    }

    private var commands: String {
        let folder = Rejoining.word(configuration.folder)
        var join = "syncagent join INVITE --home \(Rejoining.word(home)) --folder \(folder)"
        if let subtree = configuration.subtree { join += " --subtree \(Rejoining.word(subtree))" }
        if configuration.mode != .twoWay { join += " --mode \(configuration.mode.name)" }
        return "syncagent leave --home \(Rejoining.word(home)) && \(join)"
    }

    /// For a shell.
    private static func word(_ text: String) -> String {
        let plain = Array("/._-abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789".utf8)
        if !text.isEmpty, text.utf8.allSatisfy(plain.contains) { return text }
        return "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
}
