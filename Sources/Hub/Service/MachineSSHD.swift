import Glibc
internal import Processes

/// The machine's own sshd, as far as a hub that it serves has to know it.
struct MachineSSHD: Sendable {
    let configuration: HubConfiguration

    /// The host key that devices are told to expect.
    /// - Throws: ``MachineSSHDError``.
    func hostKey() throws(MachineSSHDError) -> PublicKey {
        let path = configuration.machineHostKey
        guard let line = try? HubFile.read(path) else { throw .noHostKey(path) }
        do throws(PublicKeyError) { return try PublicKey(line: line) } catch {
            throw .unusableHostKey(path, reason: "\(error)")
        }
    }

    /// Whether it answers on the port, with that key. Blocks.
    /// - Throws: ``MachineSSHDError``, also when nobody answers in time.
    func awaitAnswer(within time: Duration) throws {
        let expected = try hostKey()
        let deadline = ContinuousClock.now + time
        while !BannerProbe.answers(address: address, port: configuration.sftpPort, prefix: "SSH-") {
            guard ContinuousClock.now < deadline else {
                throw MachineSSHDError.silent(address: address, port: configuration.sftpPort)
            }
            usleep(50_000)
        }
        let shown = try shownKeys()
        guard !shown.contains(expected) else { return }
        throw MachineSSHDError.otherKey(
            port: configuration.sftpPort, expected: expected.fingerprint, shown: shown.map(\.fingerprint),
            path: configuration.machineHostKey)
    }

    /// With what it shows, over the network.
    private func shownKeys() throws -> [PublicKey] {
        let scan = try HostTools.find(.sshKeyscan)
        let words = ["-T", "5", "-t", "ed25519", "-p", "\(configuration.sftpPort)", address]
        let lines = try Processes.run(scan, words, timeout: .seconds(10)).outputText.split(separator: "\n")
        return lines.compactMap { line in
            let words = line.split(separator: " ", maxSplits: 1)
            return words.count == 2 ? try? PublicKey(line: String(words[1])) : nil
        }
    }

    private var address: String {
        switch configuration.listen {
        case nil, "0.0.0.0": "127.0.0.1"
        case "::": "::1"
        case let address?: address
        }
    }
}

extension HubConfiguration {
    /// The key of the sshd that serves, by which devices know the hub.
    /// - Throws: when there is none.
    func hostKey(_ layout: HubLayout) throws -> PublicKey {
        if sftpMode == .system { return try MachineSSHD(configuration: self).hostKey() }
        guard let line = try HubFile.read(layout.hostPublicKey) else {
            throw HubCoreError.noHostKey(layout.hostPublicKey)
        }
        return try PublicKey(line: line)
    }
}

/// Why the machine's own sshd does not serve the hub.
enum MachineSSHDError: Error, Hashable, CustomStringConvertible {
    case noHostKey(String)
    case unusableHostKey(String, reason: String)
    case silent(address: String, port: UInt16)
    case otherKey(port: UInt16, expected: String, shown: [String], path: String)
    case isRoot
    case blind

    var description: String {
        switch self {
        case .noHostKey(let path):
            "this machine's host key \(path) cannot be read; make it (as root: ssh-keygen -A), or say with sftp.host_key in hub.json5 "
                + "where its public half lies"
        case .unusableHostKey(let path, let reason):
            "\(path), this machine's host key, is not one that devices take: \(reason)"
        case .silent(let address, let port):
            "no sshd answers on \(address) port \(port); start this machine's own (systemctl start ssh), or set sftp.port and 'listen' "
                + "in hub.json5 to where it listens"
        case .otherKey(let port, let expected, let shown, let path):
            "the sshd on port \(port) shows \(shown.isEmpty ? "no ed25519 host key" : "the host key \(shown.joined(separator: ", "))"), "
                + "and \(path), which invites tell devices, is \(expected); add a HostKey line to sshd's configuration, or set "
                + "sftp.host_key in hub.json5"
        case .isRoot:
            "this machine's sshd serves a user that is there for the hub alone, and the hub ends that user's sessions: run it as such a "
                + "user, not as root (useradd --system --user-group --shell /bin/sh synchub)"
        case .blind:
            "the processes of other users are hidden from the hub, so that it could end no device's sessions; set ProtectProc=default in "
                + "its unit (deploy/synchub-system.conf), or mount /proc without hidepid"
        }
    }
}
