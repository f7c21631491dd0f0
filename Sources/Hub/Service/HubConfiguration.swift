/// What `hub.json5` says: how a person wants this hub to be.
package struct HubConfiguration: Hashable, Sendable {
    /// Who runs the SSH server that devices talk to.
    package enum SFTPMode: String, CaseIterable, Sendable {
        /// The hub starts an `sshd` of its own.
        case managed
        /// The machine's own `sshd` serves; the hub only writes the keys.
        case system
    }

    /// How the hub calls itself in invites and in `status`.
    package var name: String
    /// The address on which the managed sshd listens; nil for every address of the machine. The API is always on 127.0.0.1.
    package var listen: String?
    /// Managed by default.
    package var sftpMode: SFTPMode
    /// Where devices reach the SSH server; never 0.
    package var sftpPort: UInt16
    /// Of the machine's own sshd: where the public half of its ed25519 host key lies, which devices are told to expect.
    var machineHostKey = HubConfiguration.usualMachineHostKey
    /// Debian's.
    static let usualMachineHostKey = "/etc/ssh/ssh_host_ed25519_key.pub"
    /// Whose SFTP sessions go on where the kernel cannot confine them.
    var unconfined = UnconfinedSessions.members
    /// On 127.0.0.1; never 0. Devices remember it.
    package var apiPort: UInt16
    /// The names and addresses that invites tell devices; nil to find them out.
    package var hosts: [String]?
    /// Whether the local network is told of it, where avahi runs.
    package var announce = true
    /// A file in the share counts once nothing has happened to it for so long, in milliseconds.
    package var shareSettle: Int
    /// An upload that broke off is taken in as it is when hubs have run for so many hours since; 0: at once.
    package var brokenHours: Int
    /// Whether what is current in the share is kept beside it.
    package var protect = ProtectSetting.off
    /// Deletions and rewrites of a client wait for a person when they are so many percent of all live nodes; 0: never.
    package var massDeletePercent: Int
    /// And at least so many.
    package var massDeleteLeast: Int
    /// Within so many minutes.
    package var massDeleteMinutes: Int
    /// A client that was not seen for so many days does not keep the records of deletions any more.
    package var staleDays: Int
    /// Packs for downloads lie in memory up to so many MiB; 0: on the disk.
    package var packMemoryMiB: Int
    /// What travels as one, in MiB at most.
    package var packMiB: Int
    /// Sites whose pages may ask the API, as browsers name them.
    var apiOrigins: [String] = []
    /// What a client may have staged, in MiB on the disk; 0: any amount.
    var stagingMiB = 0
    /// The same in files; 0: any number.
    var stagingFiles = 10_000

    package init(
        name: String, listen: String? = nil, sftpMode: SFTPMode = .managed, sftpPort: UInt16, apiPort: UInt16,
        hosts: [String]? = nil, shareSettle: Int = 500, brokenHours: Int = 24,
        massDeletePercent: Int = 30, massDeleteLeast: Int = 50, massDeleteMinutes: Int = 10,
        staleDays: Int = 90, packMemoryMiB: Int = 64, packMiB: Int = 16
    ) {
        self.packMemoryMiB = packMemoryMiB
        self.packMiB = packMiB
        self.name = name
        self.listen = listen
        self.sftpMode = sftpMode
        self.sftpPort = sftpPort
        self.apiPort = apiPort
        self.hosts = hosts
        self.shareSettle = shareSettle
        self.brokenHours = brokenHours
        self.massDeletePercent = massDeletePercent
        self.massDeleteLeast = massDeleteLeast
        self.massDeleteMinutes = massDeleteMinutes
        self.staleDays = staleDays
    }
}
