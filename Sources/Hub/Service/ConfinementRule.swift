/// Whose sessions go on where the kernel cannot confine them.
enum UnconfinedSessions: String, CaseIterable, Sendable {
    /// No SFTP at all.
    case nobody
    /// Agents that may read all of the share and commit.
    case members
    /// Phones and restricted devices too: each can read what the hub's user can, its journal and keys among it.
    case everybody
}

/// What becomes of a session, by how well the kernel confines it.
enum ConfinementRule {
    enum Verdict: Hashable, Sendable {
        case goesOn
        /// It goes on, and this is said.
        case warned(String)
        /// It does not, for this reason.
        case refused(String)
    }

    /// - Parameter isRoot: whether the session is root's, as it is where the hub is.
    static func verdict(
        _ strength: Confinement.Strength, _ grant: SFTPGrant, _ unconfined: UnconfinedSessions, isRoot: Bool
    ) -> Verdict {
        guard let lack = lack(strength, grant, isRoot: isRoot) else { return .goesOn }
        let goesOn =
            switch unconfined {
            case .nobody: false
            case .members: !grant.isRestricted
            case .everybody: true
            }
        return goesOn
            ? .warned(lack)
            : .refused(
                "\(lack); it is let in only when the hub's hub.json5 says sftp: { unconfined: "
                    + "\"\(grant.isRestricted ? UnconfinedSessions.everybody : .members)\" }")
    }

    /// What the session could do beyond its grant; nil if nothing.
    private static func lack(_ strength: Confinement.Strength, _ grant: SFTPGrant, isRoot: Bool) -> String? {
        guard let abi = strength.abi else {
            return "the hub's kernel has no Landlock, so this device could read all that the hub's user can"
        }
        // A file that is opened to be read can be emptied by that. Devices that only speak SFTP are asked for the way they open it
        // (`-R`), and can open nothing that they may not write otherwise.
        // Root's session can do that to the few files of the system that stay readable, too, whoever it is of.
        if abi < 3, !strength.isReadOnlyElsewhere, isRoot || grant.kind == .agent && grant.isRestricted {
            return
                "the hub's kernel (Landlock ABI \(abi), without mount namespaces) would let this device empty files that it "
                + "may only read"
        }
        return nil
    }

    /// For the log of a hub that starts; nil while every session is confined.
    /// - Parameter abi: of the kernel's Landlock; nil without it.
    static func consequence(abi: Int?, _ unconfined: UnconfinedSessions) -> String? {
        guard abi == nil else { return nil }
        return switch unconfined {
        case .nobody: "nobody gets SFTP"
        case .members:
            "agents of the whole share could read what the hub's user can; phones and restricted devices are refused"
        case .everybody: "every device could read what the hub's user can, the keys and the journal too"
        }
    }

    /// For `synchub check`.
    static func finding(abi: Int?, _ unconfined: UnconfinedSessions) -> Finding {
        if let consequence = consequence(abi: abi, unconfined) {
            let text = "this kernel has no Landlock: \(consequence) (sftp.unconfined in hub.json5)"
            let next = "add 'landlock' to the kernel's lsm= list, and give the hub a user of its own"
            return unconfined == .nobody ? .wrong("host", text, next) : .note("host", text, next)
        }
        let abi = abi ?? 0
        let detail =
            switch abi {
            case ..<3: "; setting attributes by name is refused instead"
            case 3: "; files only"
            case 4, 5: "; files and TCP"
            default: "; files, TCP and signals"
            }
        return .good("host", "Landlock confines SFTP sessions (ABI \(abi)\(detail))")
    }
}
