import Glibc
internal import Processes

/// What only root learns of the machine's own sshd. All is looked at when it is made.
struct MachineFacts: Sendable {
    /// The hub's user: whose the root is.
    let account: CurrentUser.Account
    let findings: [Finding]

    /// Nil unless root looks at a hub that belongs to somebody else, and that the machine's sshd serves.
    init?(_ layout: HubLayout) {
        guard geteuid() == 0, let configuration = try? HubConfiguration.load(layout), configuration.sftpMode == .system,
            let owner = HubFile.status(layout.root)?.st_uid, owner != 0,
            let account = try? CurrentUser.account(owner)
        else { return nil }
        self.account = account
        findings = MachineLook(layout: layout, configuration: configuration, account: account).findings()
    }

    /// The rest is looked at as who the hub runs as: files are its own then, and SQLite leaves none of root's behind.
    func becomeOwner() {
        setgroups(0, nil)
        setegid(account.group)
        seteuid(account.number)
    }
}

/// The questions of ``MachineFacts``.
private struct MachineLook {
    let layout: HubLayout
    let configuration: HubConfiguration
    let account: CurrentUser.Account

    func findings() -> [Finding] {
        guard let sshd = try? HostTools.find(.sshd), let program = try? AbsolutePath.ofThisProgram() else { return [] }
        let rule = MachineSSHDRule(
            user: account.name, groups: [account.groupName].compactMap { $0 }, isLocked: isLocked, program: program,
            root: layout.root, sftpPort: configuration.sftpPort, apiPort: configuration.apiPort,
            hostKey: configuration.machineHostKey)
        var findings: [Finding] = []
        // Of this machine and of another one (RFC 5737), which a block 'Match Address' may tell apart.
        for address in ["127.0.0.1", "192.0.2.1"] {
            do {
                let settings = try settings(sshd, from: address)
                let found = rule.findings(settings) + directory(settings)
                findings += found.filter { !findings.contains($0) }
            } catch {
                return [.wrong(MachineSSHDRule.area, "\(error)", "correct sshd's configuration: sshd -t says where")]
            }
        }
        findings += rootsAlone(program)
        return findings.contains { $0.level == .wrong }
            ? findings
            : findings + [.good(MachineSSHDRule.area, "sshd serves '\(account.name)' as it should, and nothing else")]
    }

    private func settings(_ sshd: String, from address: String) throws -> SSHDSettings {
        try HubFile.makeDirectory("/run/sshd", mode: 0o755)
        let asked =
            "user=\(account.name),host=localhost,addr=\(address),laddr=127.0.0.1,lport=\(configuration.sftpPort)"
        let outcome = try Processes.run(sshd, ["-T", "-C", asked], timeout: .seconds(10))
        guard outcome.status.isSuccess else {
            throw HostCheckError(
                description:
                    "sshd does not tell its settings: \(outcome.errorText.split(separator: "\n").joined(separator: "; "))"
            )
        }
        return SSHDSettings(outcome.outputText)
    }

    private var isLocked: Bool {
        guard let getent = findExecutable("getent"), let found = try? Processes.run(getent, ["shadow", account.name])
        else { return false }
        return found.outputText.hasPrefix("\(account.name):!")
    }

    /// sshd runs a command, and changes its root, only where nobody but root could have put something else.
    private func rootsAlone(_ path: String) -> [Finding] {
        var place = path
        while true {
            if let status = HubFile.status(place), status.st_uid != 0 || status.st_mode & 0o022 != 0 {
                return [
                    .wrong(
                        MachineSSHDRule.area, "sshd does not use \(path): others than root may change \(place)",
                        "chown root:root \(ShellWord(place)) && chmod go-w \(ShellWord(place))")
                ]
            }
            guard place != "/", let slash = place.lastIndex(of: "/") else { return [] }
            place = slash == place.startIndex ? "/" : String(place[..<slash])
        }
    }

    /// The jail, if there is one.
    private func directory(_ settings: SSHDSettings) -> [Finding] {
        guard let jail = settings["ChrootDirectory"].first, jail.hasPrefix("/") else { return [] }
        let inside = jail == "/" ? "" : jail
        let isThere = [layout.share, layout.staging].allSatisfy { path in
            guard
                let (there, here) = HubFile.status(inside + path).flatMap({ a in HubFile.status(path).map { (a, $0) } })
            else { return false }
            return there.st_dev == here.st_dev && there.st_ino == here.st_ino
        }
        if !isThere {
            return [
                .wrong(
                    MachineSSHDRule.area, "the share is not in \(jail), where sessions live: no device gets SFTP",
                    "systemctl restart synchub-jail (deploy/synchub-jail makes it)")
            ]
        }
        return rootsAlone(jail)
    }
}

/// What could not be looked at.
struct HostCheckError: Error, Hashable, CustomStringConvertible {
    let description: String
}

extension HostCheck {
    /// Of the machine's own sshd, as far as anybody sees it.
    /// - Parameter facts: nil if it is not root who looks.
    func machine(_ configuration: HubConfiguration, _ facts: MachineFacts?) -> [Finding] {
        guard configuration.sftpMode == .system else { return [] }
        var findings: [Finding]
        do {
            try MachineSSHD(configuration: configuration).awaitAnswer(within: .zero)
            findings = [
                .good(
                    "network", "sshd answers on port \(configuration.sftpPort), with the host key that devices expect")
            ]
        } catch {
            findings = [.wrong("network", "\(error)", "correct that first")]
        }
        if let facts { return findings + facts.findings }
        return findings + [
            geteuid() == 0
                ? .wrong(
                    MachineSSHDRule.area, "\(MachineSSHDError.isRoot)",
                    "chown -R synchub:synchub \(ShellWord(layout.root))")
                : .note(
                    MachineSSHDRule.area,
                    "only root can ask this machine's sshd what it lets devices do, so that was not looked at",
                    "sudo synchub check --root \(ShellWord(layout.root))")
        ]
    }
}
