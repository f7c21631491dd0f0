/// Where everything of a hub lies, computed from its root. A pure description: it looks at no disk.
package struct HubLayout: Hashable, Sendable {
    /// Absolute, without a trailing slash (unless it is `/`) and without a line break.
    package let root: String

    /// - Parameter root: an absolute path; trailing slashes are dropped.
    package init(root: String) {
        precondition(root.hasPrefix("/"), "a hub's root is an absolute path")
        var root = Substring(root)
        while root.count > 1, root.hasSuffix("/") { root = root.dropLast() }
        self.root = String(root)
    }

    /// The configuration, JSON5, written by `init` and by people.
    package var configuration: String { below("hub.json5") }
    /// The journal, SQLite.
    package var journal: String { below("journal.db") }
    /// A journal that is being made anew.
    package var newJournal: String { below("journal.db.new") }
    /// Who may come in, if the journal should be lost: written by the hub, mode 0600.
    package var clients: String { below("clients.json") }
    /// The live tree, plain files.
    package var share: String { below("share") }
    /// Uploads that nobody has verified yet: one directory per client.
    package var staging: String { below("staging") }
    /// Contents that used to be current.
    package var versions: String { below("versions") }
    /// The hub's own temporary files, on the file system of share, staging and versions; out of SFTP's reach.
    package var privateFiles: String { below(".synchub") }
    /// Contents that are made ready for commits: one directory per client.
    package var ahead: String { privateFiles + "/ahead" }
    /// What others are still sending, to be read: one directory per client, which that client's sessions may read.
    package var coming: String { privateFiles + "/coming" }
    /// The one of a client.
    package func coming(for client: String) -> String { coming + "/" + client }
    /// As agents see it over SFTP.
    package static func comingOverSFTP(for client: String) -> String { ".synchub/coming/" + client }

    /// Where the hub listens to what SFTP sessions do, mode 0700.
    package var sessions: String { privateFiles + "/sessions" }
    /// The name of the socket there.
    package static let sessionSocket = "socket"

    /// Everything of the managed sshd, mode 0700.
    package var ssh: String { below("ssh") }
    /// The host's private key, OpenSSH format.
    package var hostKey: String { ssh + "/ssh_host_ed25519_key" }
    /// The host's public key: one line.
    package var hostPublicKey: String { hostKey + ".pub" }
    /// Who may log in, and as what: written by ``AuthorizedKeysFile`` only.
    package var authorizedKeys: String { ssh + "/authorized_keys" }
    /// Written anew at each start.
    package var sshdConfiguration: String { ssh + "/sshd_config" }
    /// The process id of the managed sshd that ran last.
    package var sshdPID: String { ssh + "/sshd.pid" }

    /// The bearer token of an administrator on this machine (`syncctl --root`), mode 0600: one line.
    package var adminToken: String { below("admin.token") }
    /// The port of the API of the hub that runs, or ran last: one line.
    package var apiPort: String { below("api.port") }
    /// Locked (flock) by the hub that runs.
    package var runLock: String { below("run.lock") }

    /// The staging directory of one client.
    package func staging(of client: ClientName) -> String { staging + "/" + client.text }

    /// The path of a staged file as agents see it over SFTP, where they start in the root.
    package static func stagingOverSFTP(of client: ClientName) -> String { "staging/" + client.text }
    /// The share as agents see it over SFTP.
    package static let shareOverSFTP = "share"

    /// The directories of a hub, with their modes, parents first.
    package var directories: [(path: String, mode: UInt32)] {
        [
            (root, 0o700), (share, 0o755), (staging, 0o700), (versions, 0o700), (privateFiles, 0o700), (ssh, 0o700),
        ]
    }

    private func below(_ name: String) -> String { root == "/" ? "/" + name : "\(root)/\(name)" }
}
