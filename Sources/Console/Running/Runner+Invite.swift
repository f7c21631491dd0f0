import ControlAPI
import SyncCore

extension Runner {
    func invite(_ invitation: Request.Invitation) throws(Failure) {
        let answer: InviteResponse = try calls.post(.invite, try message(invitation))
        if let invite = answer.invite {
            try show(invite)
            output.note(hint(invite))
        } else if let sftp = answer.sftp {
            try show(sftp)
            output.note("\(SafeText.name(invitation.client)) connects with its key, and should see this host key.\n")
        } else {
            throw .failed("the hub's answer holds no invite; syncctl and the hub may be of different versions")
        }
    }

    private func hint(_ invite: InviteMessage) -> String {
        """
        The line on stdout is the invite: good once, until \(Figures.time(SafeText.name(invite.expires))). \
        Whoever has it can join, so keep it to yourself.
        On \(SafeText.name(invite.client)), with that line in a file: syncagent join FILE --folder DIR

        """
    }

    private func message(_ invitation: Request.Invitation) throws(Failure) -> InviteRequest {
        let valid = invitation.valid.map(Int.init)
        var subtree: String?
        if let asked = invitation.subtree { subtree = try paths.wirePath(asked, calls) }
        switch invitation.kind {
        case .agent:
            return InviteRequest(
                client: invitation.client, readOnly: invitation.isReadOnly, valid: valid, subtree: subtree)
        case .admin: return InviteRequest(client: invitation.client, admin: true, valid: valid, subtree: subtree)
        case .sftpOnly(let file):
            return InviteRequest(
                client: invitation.client, readOnly: invitation.isReadOnly, sftpOnly: true,
                key: try PublicKeyFile.line(file), subtree: subtree)
        }
    }
}
