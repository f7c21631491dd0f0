internal import ControlAPI
import Glibc
internal import Hashing
internal import Settings
internal import SyncCore

/// A join that the hub has answered, until it is known to be good: with it a join that was interrupted goes on where it was, also when
/// the invite is used up by then. A secret file in the home.
struct BegunJoin: Codable, Hashable {
    /// SHA-256 (hex) of the invite's key.
    var invite: String
    /// The part of the share that was asked for.
    var subtree: String?
    /// The hub's answer, with the token.
    var answer: JoinResponse
    private enum CodingKeys: String, CodingKey { case invite, subtree, answer }

    init(_ invite: InviteMessage, subtree: String?, answer: JoinResponse) {
        self.invite = BegunJoin.mark(of: invite)
        self.subtree = subtree
        self.answer = answer
    }

    /// Nil if there is none of this invite.
    /// - Throws: `SettingsError` if others may read it.
    static func read(_ layout: AgentLayout, of invite: InviteMessage) throws -> BegunJoin? {
        guard Files.exists(layout.begunJoin) else { return nil }
        let text = try Secrets.read(layout.begunJoin)
        let begun = try? WireFormat.decode(BegunJoin.self, from: text)
        return begun?.invite == mark(of: invite) ? begun : nil
    }

    func write(_ layout: AgentLayout) throws { try Secrets.write(WireFormat.encode(self), to: layout.begunJoin) }

    static func remove(_ layout: AgentLayout) { unlink(layout.begunJoin) }

    private static func mark(of invite: InviteMessage) -> String {
        sha256(Array(invite.key.utf8)).map(Escaping.hex).joined()
    }
}
