internal import Hashing
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

    /// Says whether key and token are still those of before; not what they are. Nil if they cannot be read.
    static func mark(_ layout: AgentLayout) -> [UInt8]? {
        guard let key = try? Secrets.read(layout.key), let token = try? Secrets.read(layout.token) else { return nil }
        return sha256(key + token)
    }
}
