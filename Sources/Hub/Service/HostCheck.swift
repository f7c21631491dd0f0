import Glibc
internal import Processes

/// `synchub check`: looks at everything that a hub needs and changes nothing (but for files that it makes and removes to see whether it can).
struct HostCheck: Sendable {
    let layout: HubLayout

    /// Blocks; reads the whole journal.
    func run() -> CheckReport {
        let facts = MachineFacts(layout)
        facts?.becomeOwner()
        var findings = host()
        guard HubFile.exists(layout.configuration) else {
            let next = "make one: synchub init --root \(ShellWord(layout.root)); or is the disk not mounted?"
            findings.append(confinement(.members))
            return CheckReport(findings: findings + [.wrong("config", "there is no hub in \(layout.root)", next)])
        }
        findings += files()
        do {
            let configuration = try HubConfiguration.load(layout)
            findings.append(.good("config", "hub.json5 is understood; the hub is called '\(configuration.name)'"))
            findings += secrets(configuration)
            findings.append(confinement(configuration.unconfined))
            findings +=
                network(configuration) + sshd(configuration) + machine(configuration, facts)
                + protection(configuration)
        } catch {
            findings.append(confinement(.members))
            findings.append(
                .wrong("config", "\(error)", "correct that line; 'synchub init' in a new directory shows a whole file"))
        }
        return CheckReport(findings: findings + fileSystem() + journal())
    }

    // MARK: Host

    private func host() -> [Finding] {
        HostTools.Tool.allCases.map(tool) + [clock()] + watches() + account()
    }

    private func tool(_ tool: HostTools.Tool) -> Finding {
        do {
            let path = try HostTools.find(tool)
            return .good("host", "\(tool.rawValue) is \(path)\(version(of: tool, path))")
        } catch {
            return .wrong("host", "\(tool.rawValue) is not installed", "apt install \(tool.package)")
        }
    }

    /// Only sshd tells: it shows its version with the usage that `-V` (before 9.2 unknown) leads to.
    private func version(of tool: HostTools.Tool, _ path: String) -> String {
        guard tool == .sshd, let outcome = try? Processes.run(path, ["-V"], timeout: .seconds(5)) else { return "" }
        let line = outcome.errorText.split(separator: "\n").first { $0.contains("OpenSSH_") }
        return line.map { " (\($0.drop { $0 != "O" }.prefix { $0 != "," }))" } ?? ""
    }

    private func confinement(_ unconfined: UnconfinedSessions) -> Finding {
        ConfinementRule.finding(abi: Confinement.landlockABI, unconfined)
    }

    private func clock() -> Finding {
        // 2025-01-01: a Pi without a battery wakes up in 1970 or when its image was made.
        time(nil) > 1_735_689_600
            ? .good("host", "the clock is plausible")
            : .wrong(
                "host", "the clock is wrong: invites would never, or at once, expire",
                "switch time synchronisation on: timedatectl set-ntp true")
    }

    private func watches() -> [Finding] {
        let watches = HubFile.number("/proc/sys/fs/inotify/max_user_watches") ?? 0
        let instances = HubFile.number("/proc/sys/fs/inotify/max_user_instances") ?? 0
        var findings: [Finding] = []
        if watches < 65_536 {
            findings.append(
                .note(
                    "host",
                    "only \(watches) directories can be watched (fs.inotify.max_user_watches); the rest is scanned, which is slower",
                    "echo fs.inotify.max_user_watches=524288 > /etc/sysctl.d/50-synchub.conf && sysctl --system"))
        }
        if instances < 16 {
            findings.append(
                .note(
                    "host", "only \(instances) programs can watch directories (fs.inotify.max_user_instances)",
                    "echo fs.inotify.max_user_instances=128 >> /etc/sysctl.d/50-synchub.conf && sysctl --system"))
        }
        return findings.isEmpty ? [.good("host", "\(watches) directories can be watched")] : findings
    }

    private func account() -> [Finding] {
        do {
            let (name, shell) = (try CurrentUser.name(), try CurrentUser.shell())
            if isLocked(name) {
                return [
                    .wrong(
                        "host", "the account '\(name)' is locked, and sshd lets nobody in",
                        "run the hub as a user of its own, or: usermod -p '*' \(name)")
                ]
            }
            // sshd runs a forced command by the user's shell.
            if access(shell, X_OK) != 0 || shell.hasSuffix("/nologin") || shell.hasSuffix("/false") {
                return [
                    .wrong(
                        "host", "the shell of '\(name)' is \(shell), with which sshd can run nothing",
                        "usermod --shell /bin/sh \(name)")
                ]
            }
            return [.good("host", "devices log in as '\(name)'")]
        } catch {
            return [.wrong("host", "\(error)", "useradd --system --shell /bin/sh synchub")]
        }
    }

    /// shadow(5): a password that begins with `!`. Without PAM, sshd takes that for a locked account, as far as its user can see it.
    private func isLocked(_ user: String) -> Bool {
        guard let getent = findExecutable("getent"), let outcome = try? Processes.run(getent, ["shadow", user]) else {
            return false
        }
        return outcome.outputText.hasPrefix("\(user):!")
    }
}
