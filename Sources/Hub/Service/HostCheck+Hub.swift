internal import FileTree
import Glibc
internal import Journal
internal import Processes
internal import Settings

extension HostCheck {
    // MARK: Files

    func files() -> [Finding] {
        let findings = layout.directories.compactMap { directory($0.path, $0.mode) }
        return findings.isEmpty ? [.good("files", "directories are there, and private")] : findings
    }

    private func directory(_ path: String, _ mode: UInt32) -> Finding? {
        guard let status = HubFile.status(path), status.st_mode & S_IFMT == S_IFDIR else {
            return .wrong(
                "files", "the directory \(path) is missing",
                "is the disk mounted? If it never was there: mkdir -m \(octal(mode)) \(ShellWord(path))")
        }
        if status.st_uid != geteuid() {
            return .wrong(
                "files", "\(path) belongs to user \(status.st_uid), not to the one who checks (\(geteuid()))",
                "run synchub as the user that owns the root, or: chown -R \(geteuid()) \(ShellWord(path))")
        }
        let excess = status.st_mode & 0o777 & ~mode
        guard excess & (mode == 0o700 ? 0o077 : 0o022) != 0 else { return nil }
        return .wrong(
            "files", "other users may look into or change \(path) (mode \(octal(status.st_mode & 0o777)))",
            "chmod \(octal(mode)) \(ShellWord(path))")
    }

    func secrets(_ configuration: HubConfiguration) -> [Finding] {
        let paths =
            configuration.sftpMode == .managed
            ? [layout.hostKey, layout.adminToken] : [layout.adminToken, layout.authorizedKeys]
        let findings = paths.compactMap(secret)
        return findings.isEmpty ? [.good("files", "keys are there, and private")] : findings
    }

    private func secret(_ path: String) -> Finding? {
        do {
            _ = try Secrets.read(path, limit: AuthorizedKeysFile.largest)
            return nil
        } catch {
            let next =
                HubFile.exists(path)
                ? "chmod 600 \(ShellWord(path))"
                : "restore it from a backup: without it devices cannot trust this hub"
            return .wrong("files", "\(error)", next)
        }
    }

    // MARK: Network

    func network(_ configuration: HubConfiguration) -> [Finding] {
        let isRunning = RunLock.isHeld(layout.runLock)
        let sftp =
            configuration.sftpMode == .managed
            ? [("sftp", configuration.listen ?? "0.0.0.0", configuration.sftpPort)] : []
        return (sftp + [("api", "127.0.0.1", configuration.apiPort)]).map {
            port($0.0, $0.1, $0.2, isRunning: isRunning)
        }
    }

    private func port(_ what: String, _ address: String, _ port: UInt16, isRunning: Bool) -> Finding {
        let code = TCPPort.obstacle(to: port, on: address)
        switch (code, isRunning) {
        case (nil, false): return .good("network", "port \(port) (\(what)) is free on \(address)")
        case (EADDRINUSE, true): return .good("network", "the hub is running, port \(port) (\(what)) is in use")
        case (nil, true):
            return .wrong(
                "network", "the hub is running, but nobody listens on port \(port) (\(what))",
                "restart the hub; look at its log")
        case (let code?, _):
            return .wrong(
                "network", "port \(port) (\(what)) on \(address): \(ErrnoText.of(code))",
                "end the program that has it, or set another \(what).port or 'listen' in hub.json5")
        }
    }

    /// Whether sshd takes what we would give it.
    func sshd(_ configuration: HubConfiguration) -> [Finding] {
        guard configuration.sftpMode == .managed, let program = try? HostTools.find(.sshd),
            let user = try? CurrentUser.name(), HubFile.exists(layout.hostKey)
        else { return [] }
        let text = SSHDConfiguration(
            layout: layout, listen: configuration.listen, port: configuration.sftpPort, apiPort: configuration.apiPort,
            user: user,
            isRoot: geteuid() == 0
        ).text
        do {
            let path = layout.ssh + "/sshd_config.check"
            defer { unlink(path) }
            try Secrets.write(Array(text.utf8), to: path)
            if geteuid() == 0 { try HubFile.makeDirectory("/run/sshd", mode: 0o755) }
            let outcome = try Processes.run(program, ["-t", "-f", path])
            if outcome.status.isSuccess { return [.good("network", "sshd accepts the hub's configuration")] }
            return [
                .wrong(
                    "network",
                    "sshd does not accept the hub's configuration: \(outcome.errorText.split(separator: "\n").joined(separator: "; "))",
                    "update openssh-server, or look at 'listen' in hub.json5")
            ]
        } catch {
            return [.wrong("network", "\(error)", "correct that first")]
        }
    }

    // MARK: File system

    func fileSystem() -> [Finding] {
        let devices = [layout.share, layout.staging, layout.versions, layout.privateFiles].compactMap {
            HubFile.status($0)?.st_dev
        }
        guard devices.count == 4 else { return [] }
        guard Set(devices).count == 1 else {
            return [
                .wrong(
                    "files",
                    "share, staging, versions and .synchub are not on one file system: placing a file would copy it",
                    "mount one file system at \(layout.root), and none below it")
            ]
        }
        do {
            return capabilities(try Capabilities.probe(layout.privateFiles))
        } catch {
            return [.wrong("files", "\(error)", "is it mounted read-only, or full?")]
        }
    }

    private func capabilities(_ found: Capabilities) -> [Finding] {
        var findings: [Finding] = []
        if !found.noReplace || !found.exchange {
            findings.append(
                .wrong(
                    "files", "the file system of \(layout.root) cannot place files without a gap (renameat2)",
                    "use ext4, xfs or btrfs"))
        }
        if !found.leases {
            findings.append(
                .note(
                    "files", "the file system cannot tell whether a file is still being written (F_SETLEASE)",
                    "the hub waits for quiet time instead; ext4, xfs and btrfs can tell"))
        }
        if !found.nanoseconds {
            findings.append(
                .note("files", "the file system rounds times", "files keep their times only as exactly as it does"))
        }
        let space = found.space
        if space.free < max(space.total / 50, 64 << 20) {
            findings.append(
                .wrong(
                    "files", "only \(space.free >> 20) MiB are free on \(layout.root)",
                    "make room: the hub keeps displaced contents in versions/"))
        }
        if let inodes = space.freeInodes, inodes < 10_000 {
            findings.append(
                .wrong(
                    "files", "only \(inodes) more files fit on the file system of \(layout.root)",
                    "make room: remove many small files, or use a file system with more inodes"))
        }
        return findings.isEmpty
            ? [.good("files", "the file system can do what is needed, \(space.free >> 20) MiB are free")] : findings
    }

    // MARK: Journal

    func journal() -> [Finding] {
        guard HubFile.exists(layout.journal) else {
            return [
                .wrong(
                    "journal", "journal.db is missing",
                    "restore it from a backup, or make it anew from the share: "
                        + "synchub rebuild --root \(ShellWord(layout.root))")
            ]
        }
        do {
            let journal = try Journal(path: layout.journal)
            let problems = try journal.check()
            let head = try journal.head.rawValue
            if problems.isEmpty {
                return [.good("journal", "the journal is whole, \(head) changes")] + share(journal)
            }
            return problems.map {
                .wrong("journal", $0, HostCheck.newJournal(layout))
            }
        } catch {
            return [
                .wrong("journal", "\(error)", HostCheck.newJournal(layout))
            ]
        }
    }

    private static func newJournal(_ layout: HubLayout) -> String {
        "stop the hub; restore journal.db from a backup, or make it anew from the share: synchub rebuild --root "
            + "\(ShellWord(layout.root)). Devices then merge and lose nothing"
    }

    private func share(_ journal: Journal) -> [Finding] {
        // The directory's absence was told before.
        guard HubFile.isDirectory(layout.share) else { return [] }
        do {
            return try ShareCheck(layout, journal).findings(isRunning: RunLock.isHeld(layout.runLock))
        } catch {
            return [.wrong("share", "\(error)", "look at that file or directory; is the disk in order?")]
        }
    }

    private func octal(_ mode: UInt32) -> String { "0" + String(mode, radix: 8) }
}
