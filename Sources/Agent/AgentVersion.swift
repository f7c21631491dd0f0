/// What this program calls itself.
enum AgentVersion {
    static let current = "0.1.0"
}
