/// Why the program ends without having done its work, and with which exit code.
struct AgentFailure: Error, CustomStringConvertible {
    enum Kind: Sendable { case failed, wrongUsage, unreachable, noSuchThing, notKnown }
    var kind: Kind
    var description: String

    init(_ kind: Kind = .failed, _ description: String) {
        self.kind = kind
        self.description = description
    }
}
