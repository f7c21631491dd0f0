internal import Settings

/// What a joined agent has.
struct Joined {
    let configuration: AgentConfiguration
    let token: String

    /// - Throws: ``AgentFailure`` if no hub was joined, and what reading the configuration throws.
    init(_ layout: AgentLayout) throws {
        guard Files.exists(layout.configuration), Files.exists(layout.token) else {
            throw AgentFailure(
                .noSuchThing,
                "no hub has been joined with \(layout.home); join one: syncagent join INVITE --folder DIR")
        }
        configuration = try AgentConfiguration.load(layout)
        token = try Secrets.readText(layout.token)
    }
}
