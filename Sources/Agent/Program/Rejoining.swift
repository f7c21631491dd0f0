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

    /// Why an agent that runs ends for good; nil if it tries again. A key is also refused where sshd cannot look it up, as long as the hub's
    /// disk is not mounted or fails. That passes, and nobody would start the agent again.
    func end(by error: HubError) -> AgentFailure? {
        if case .refusedKey = error { nil } else { failure(for: error) }
    }

    /// Why a command, which ends anyway, was not let in; nil if the failure is of another kind.
    func failure(for error: HubError) -> AgentFailure? {
        let cause: String
        switch error {
        case .refused(let message) where message.code == .revoked:
            cause = "this machine was revoked at the hub. The folder stays as it is."
        case .refusedKey: cause = Rejoining.refusedKey(error)
        case .refused(let message) where message.code == .unauthorized: cause = Rejoining.unknown(error)
        default: return nil
        }
        if isRotating, error.answer?.code != .revoked {
            // Whoever starts it again may find that finished.
            return AgentFailure(.failed, "\(error). The folder stays as it is. \(rotation)")
        }
        return AgentFailure(.notKnown, "\(cause) \(wayBack("Then here"))")
    }

    /// What an agent that runs has met, and tries again after.
    func met(_ error: any Error) -> String {
        switch error {
        case HubError.unproven where isRotating: "\(error). \(rotation)"
        case HubError.refusedKey where isRotating: "\(error). The folder stays as it is. \(rotation)"
        case let error as HubError where error.isRefusedKey:
            "\(Rejoining.refusedKey(error)) It is tried again, in the end every few minutes. "
                + wayBack("Then here, when this agent is stopped")
        default: "\(error)"
        }
    }

    /// The longest pause before the hub is tried again, in seconds.
    func longestPause(after error: any Error) -> Int {
        // Who was revoked would ask for ever. A `syncagent rotate` may be about to finish.
        if case HubError.refusedKey = error, !isRotating { Rejoining.longestRefused } else { Rejoining.longest }
    }

    private static let (longest, longestRefused) = (30, 300)

    private func wayBack(_ then: String) -> String {
        "To come back, at the hub: syncctl invite \(configuration.client). \(then): \(commands). Nothing is lost: what only this folder "
            + "has is sent when the agent is started again"
    }

    private var rotation: String {
        "A change of this machine's key and token was begun and not finished: `syncagent rotate --home \(Rejoining.word(home))` goes "
            + "on with it, or goes back"
    }

    /// sshd does not say which of them it is.
    private static func refusedKey(_ error: HubError) -> String {
        "\(error). The folder stays as it is. This machine was revoked, or \(restored), or keys cannot be looked up there at the moment "
            + "(is the hub's disk mounted?)."
    }

    /// The hub does not say which of the two it is.
    private static func unknown(_ error: HubError) -> String {
        "\(error). The folder stays as it is. The hub does not know this machine (any more): it was revoked, or \(restored)."
    }

    private static let restored = "the hub was restored from a backup that is older than this machine's join"

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
