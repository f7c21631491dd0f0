internal import Settings
import SyncCore

extension HubConfiguration {
    /// Reads `hub.json5`.
    /// - Throws: ``SettingsError``, which names file, key and what was expected.
    package static func load(_ layout: HubLayout) throws -> HubConfiguration {
        try loadSettings(HubSettings.self, from: layout.configuration).configuration
    }

    /// Writes `hub.json5` with a comment for each key.
    func write(to layout: HubLayout) throws {
        try writeSettings(text, as: HubSettings.self, to: layout.configuration)
    }

    /// - Throws: `SettingsError`.
    static func parse(_ bytes: [UInt8]) throws -> HubConfiguration {
        let settings: HubSettings = try decodeSettings(bytes, path: "hub.json5")
        return settings.configuration
    }

    /// As it is written.
    var text: SettingsText {
        """
        // A SyncHub: what a person may want to change. `synchub check` says what is wrong with it.
        {
            // How the hub calls itself towards devices and people.
            name: \(name),
            // Where the SSH server listens: an address of this machine, or "any". (The API is always on 127.0.0.1.)
            listen: \(listen ?? HubSettings.anyAddress),
            sftp: {
                // "managed": the hub runs an sshd of its own on this port. "system": this machine's sshd serves there, set up as
                // deploy/sshd-synchub.conf says, and host_key is the public half of its ed25519 host key.
                mode: \(SFTPModeSetting(sftpMode)),
                port: \(sftpPort),
                host_key: \(machineHostKey),
                // Who gets SFTP although this machine's kernel cannot confine it (synchub check tells whether it can): "nobody",
                // "members" (agents that may read everything anyway), "everybody".
                unconfined: \(unconfined),
            },
            // Devices remember this port: they reach it through their SSH connection. origins: ["https://pi.home"] lets pages of that site
            // ask, should one be made that does; without it no web page in a browser on this machine gets anything.
            api: { port: \(apiPort) },
            // What phones and other SFTP clients put into the share counts once it stayed quiet for so many milliseconds. An upload
            // that broke off waits until it is written whole or renamed; when the hub has run for broken_hours since, it is taken in
            // as it is. 0: at once.
            share: {
                settle_ms: \(shareSettle),
                broken_hours: \(brokenHours),
                // What they overwrite in place or remove is gone, unless a copy of it was kept beside the share. "off": copies that
                // share their blocks where the file system can (btrfs, xfs), none elsewhere. "copy": elsewhere whole copies, which
                // take as much room again. "never": none anywhere. synchub check tells which applies.
                protect: \(protect),
            },
            // Deletions and rewrites of one device wait for a person (syncctl held) when those of so many minutes are so many
            // percent of all that is there, and at least so many. 0 percent: never.
            guard: {
                mass_delete_percent: \(massDeletePercent),
                mass_delete_least: \(massDeleteLeast),
                mass_delete_minutes: \(massDeleteMinutes),
            },
            // For a device that was not seen for so many days in which the hub runs the records of deletions are not kept any
            // more: it compares everything when it comes back.
            stale_days: \(staleDays),
            // What is laid out for devices to fetch lies in memory (/dev/shm), where writing wears out no SD card, up to so many MiB;
            // what has no room there lies on the disk. 0: all on the disk. size_mib: how much travels as one at most, in either
            // direction; a device that fetches holds it in memory.
            packs: { memory_mib: \(packMemoryMiB), size_mib: \(packMiB) },
            // Whether avahi, where it runs, tells the local network of this hub (its name, port and host key's fingerprint), so that agents
            // find it under an address that they do not know.
            announce: \(announce),
            // What one device may have uploaded without naming it in a commit, in MiB that it takes on the disk (0: any amount) and in
            // files; what is over goes, the oldest first, and is sent again.
            staging: { max_mib: \(stagingMiB), max_files: \(stagingFiles) },
            // The names or addresses that invites tell devices, best first: hosts: ["pi.home", "192.168.1.5"].
            // Without it: what this machine finds out about itself.
        }

        """
    }
}

/// `hub.json5` as it is written.
private struct HubSettings: SettingsGroup {
    enum Key: String, CaseIterable {
        case name, listen, sftp, api, share, hosts, stale_days, packs, announce, staging, `guard`
    }
    static let anyAddress = "any"
    let configuration: HubConfiguration

    init(_ settings: SettingsReader<Key>) throws {
        let sftp: SFTPSettings = try settings.group(.sftp)
        let api: APISettings = try settings.group(.api)
        let share: ShareSettings = try settings.group(.share)
        let packs: PackSettings = try settings.group(.packs)
        let staging: StagingSettings = try settings.group(.staging)
        let rule: GuardSettings = try settings.group(.guard)
        let hosts: [String] = try settings.list(.hosts)
        let listen = try settings.value(.listen, default: HubSettings.anyAddress)
        guard listen == HubSettings.anyAddress || NetworkAddress.isValid(listen) else {
            throw settings.refusal(of: .listen, expected: "an IP address of this machine, or \"any\"")
        }
        guard hosts.allSatisfy(NetworkAddress.isHost) else {
            throw settings.refusal(of: .hosts, expected: "names or addresses without spaces and ports")
        }
        let name: String = try settings.value(.name)
        guard HubConfiguration.isName(name) else {
            throw settings.refusal(of: .name, expected: HubConfiguration.expectedName)
        }
        var configuration = HubConfiguration(
            name: name, listen: listen == HubSettings.anyAddress ? nil : listen, sftpMode: sftp.mode.mode,
            sftpPort: sftp.port, apiPort: api.port, hosts: hosts.isEmpty ? nil : hosts,
            shareSettle: share.settle, brokenHours: share.brokenHours, massDeletePercent: rule.percent,
            massDeleteLeast: rule.least,
            massDeleteMinutes: rule.minutes,
            staleDays: try settings.value(.stale_days, default: 90, in: 0...36_500),
            packMemoryMiB: packs.memory, packMiB: packs.size)
        configuration.unconfined = sftp.unconfined
        configuration.machineHostKey = sftp.hostKey
        configuration.announce = try settings.value(.announce, default: true)
        configuration.protect = share.protect
        configuration.apiOrigins = api.origins
        (configuration.stagingMiB, configuration.stagingFiles) = (staging.size, staging.files)
        self.configuration = configuration
    }
}

private struct PackSettings: SettingsGroup {
    enum Key: String, CaseIterable {
        case memory = "memory_mib"
        case size = "size_mib"
    }
    let memory: Int
    let size: Int

    init(_ settings: SettingsReader<Key>) throws {
        memory = try settings.value(.memory, default: 64, in: 0...1_048_576)
        size = try settings.value(.size, default: 16, in: 1...64)
    }
}

private struct StagingSettings: SettingsGroup {
    enum Key: String, CaseIterable {
        case size = "max_mib"
        case files = "max_files"
    }
    let size: Int
    let files: Int

    init(_ settings: SettingsReader<Key>) throws {
        size = try settings.value(.size, default: 0, in: 0...1_073_741_824)
        files = try settings.value(.files, default: 10_000, in: 0...1_000_000_000)
    }
}

private struct SFTPSettings: SettingsGroup {
    enum Key: String, CaseIterable { case mode, port, unconfined, host_key }
    let mode: SFTPModeSetting
    let port: UInt16
    let unconfined: UnconfinedSessions
    let hostKey: String

    init(_ settings: SettingsReader<Key>) throws {
        hostKey = try settings.value(.host_key, default: HubConfiguration.usualMachineHostKey)
        guard hostKey.hasPrefix("/") else {
            throw settings.refusal(of: .host_key, expected: "the absolute path of a public key")
        }
        mode = try settings.value(.mode, default: .managed)
        unconfined = try settings.value(.unconfined, default: .members)
        port = try settings.value(.port)
        guard port > 0 else { throw settings.refusal(of: .port, expected: "a port from 1 to 65535") }
    }
}

private struct APISettings: SettingsGroup {
    enum Key: String, CaseIterable { case port, origins }
    let port: UInt16
    let origins: [String]

    init(_ settings: SettingsReader<Key>) throws {
        port = try settings.value(.port)
        guard port > 0 else { throw settings.refusal(of: .port, expected: "a port from 1 to 65535") }
        origins = try settings.list(.origins)
        guard origins.allSatisfy(NetworkAddress.isOrigin) else {
            throw settings.refusal(
                of: .origins,
                expected: "sites as a browser names them, such as \"https://pi.home:8443\", without a path")
        }
    }
}

private struct ShareSettings: SettingsGroup {
    enum Key: String, CaseIterable {
        case settle = "settle_ms"
        case brokenHours = "broken_hours"
        case protect
    }
    let settle: Int
    let brokenHours: Int
    let protect: ProtectSetting

    init(_ settings: SettingsReader<Key>) throws {
        settle = try settings.value(.settle, default: 500, in: 0...60_000)
        brokenHours = try settings.value(.brokenHours, default: 24, in: 0...87_600)
        protect = try settings.value(.protect, default: .off)
    }
}

private struct GuardSettings: SettingsGroup {
    enum Key: String, CaseIterable {
        case percent = "mass_delete_percent"
        case least = "mass_delete_least"
        case minutes = "mass_delete_minutes"
    }
    let percent: Int
    let least: Int
    let minutes: Int

    init(_ settings: SettingsReader<Key>) throws {
        percent = try settings.value(.percent, default: MassChangeGuard().percent, in: 0...100)
        least = try settings.value(.least, default: MassChangeGuard().least, in: 1...1_000_000_000)
        minutes = try settings.value(.minutes, default: 10, in: 1...10_080)
    }
}

private enum SFTPModeSetting: String, SettingChoice {
    case managed, system

    init(_ mode: HubConfiguration.SFTPMode) { self = mode == .managed ? .managed : .system }
    var mode: HubConfiguration.SFTPMode { self == .managed ? .managed : .system }
}

extension UnconfinedSessions: SettingChoice {}

extension ProtectSetting: SettingChoice {}

extension HubConfiguration {
    static let expectedName = "1 to 64 characters on one line"

    /// Whether a hub may be called so.
    static func isName(_ name: String) -> Bool {
        (1...64).contains(name.count) && name.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
    }
}
