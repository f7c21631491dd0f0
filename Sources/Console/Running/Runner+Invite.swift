import ControlAPI
import SyncCore

extension Runner {
    func invite(_ invitation: Request.Invitation) throws(Failure) {
        let message = try message(invitation)
        // Before the hub is asked: a secret that has no place would be lost.
        let file: SecretFile?
        if let path = invitation.out { file = try SecretFile(path) } else { file = nil }
        let answer: InviteResponse
        do throws(Failure) { answer = try calls.post(.invite, message) } catch {
            file?.remove()
            throw error
        }
        if let invite = answer.invite {
            try give(invite.json, to: file)
            output.note(hint(invite, in: file))
        } else if let sftp = answer.sftp {
            try connect(sftp, invitation, file)
        } else {
            file?.remove()
            throw .failed("the hub's answer holds no invite; syncctl and the hub may be of different versions")
        }
    }

    /// How a device connects; the key that was made for it apart from that.
    private func connect(
        _ sftp: InviteResponse.Connection, _ invitation: Request.Invitation, _ file: SecretFile?
    ) throws(Failure) {
        var shown = sftp
        shown.key = nil
        try show(shown)
        if !asJSON, output.isTerminal, let code = sftp.link.flatMap(QRCode.init) {
            try output.result("\n" + code.lines(isStyled: output.appearance.isStyled) + "\n")
        }
        let name = SafeText.name(invitation.client)
        if invitation.kind == .sftpOnlyWithNewKey {
            guard let key = sftp.key else {
                file?.remove()
                throw .failed("the hub made no key; it is of an older version. Revoke '\(name)', and give --key")
            }
            try give(key, to: file)
            output.note(
                (file.map { "Its private key is in \(Console.shown($0.path))" }
                    ?? "The private key on stdout is shown once")
                    + ": the hub keeps the public half only. Whoever has it is '\(name)'.\n")
        }
        output.note("\(name) connects with its key, and should see this host key.\n")
    }

    private func give(_ secret: String, to file: SecretFile?) throws(Failure) {
        if let file { try file.write(secret) } else { try output.secret(secret) }
    }

    private func hint(_ invite: InviteMessage, in file: SecretFile?) -> String {
        let place = file.map { Console.shown($0.path) }
        return """
            The \(place.map { "line in \($0)" } ?? "line on stdout") is the invite: good once, until \
            \(Figures.time(SafeText.name(invite.expires))). Whoever has it can join, so keep it to yourself.
            On \(SafeText.name(invite.client)), with that line in a file: syncagent join FILE --folder DIR

            """
    }

    private func message(_ invitation: Request.Invitation) throws(Failure) -> InviteRequest {
        var message = InviteRequest(
            client: invitation.client, readOnly: invitation.isReadOnly, valid: invitation.valid.map(Int.init))
        if let asked = invitation.subtree { message.subtree = try paths.wirePath(asked, calls) }
        switch invitation.kind {
        case .agent: break
        case .admin: message.admin = true
        case .sftpOnly(let file):
            message.sftpOnly = true
            message.key = try PublicKeyFile.line(file)
        case .sftpOnlyWithNewKey:
            message.sftpOnly = true
            message.makeKey = true
        }
        return message
    }
}

extension InviteResponse.Connection {
    /// `sftp://USER@HOST:PORT/`, for the first address that a phone can use: a bare name is known at home at most. Nil if there is none.
    /// There is no key in it.
    var link: String? {
        guard let host = hosts.first(where: { $0.host.contains(".") || $0.host.contains(":") }) ?? hosts.first else {
            return nil
        }
        let name = host.host.contains(":") ? "[\(host.host)]" : host.host
        let user = user.utf8.map { byte in
            let isPlain = byte.isASCIILetterOrDigit || "-._~".utf8.contains(byte)
            return isPlain ? String(UnicodeScalar(byte)) : "%" + Escaping.hex(byte).uppercased()
        }.joined()
        return "sftp://\(user)@\(name):\(host.port)/"
    }
}

extension UInt8 {
    fileprivate var isASCIILetterOrDigit: Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self)
            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self)
    }
}
