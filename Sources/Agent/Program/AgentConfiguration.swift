internal import ControlAPI
internal import SSH
internal import Settings
internal import SyncCore
internal import Transport

/// What `agent.json5` says.
struct AgentConfiguration: Hashable, Sendable {
    struct Host: Hashable, Sendable, CustomStringConvertible {
        var host: String
        var port: Int
        var description: String { "\(host):\(port)" }
    }
    /// The hub's name.
    var hub: String
    var hosts: [Host]
    var user: String
    /// `ssh-ed25519 AAAA…`; pinned.
    var hostKey: String
    var apiPort: Int
    /// This client's name at the hub.
    var client: String
    /// Absolute.
    var folder: String
    /// Milliseconds of quiet after which a file is taken.
    var debounce = 50
    /// Seconds after which a file that is written all the time is taken.
    var minInterval = 10
    /// So many connections carry one large file at most.
    var connections = 4
    /// Whether owner and group travel by name.
    var owners = false
    /// Whether extended attributes and ACLs travel.
    var xattrs = false
    var extras: CarriedExtras { CarriedExtras(owners: owners, attributes: xattrs) }
    /// For how many days what was put into the trash is kept.
    var trashDays = 30
    /// Which of the two directions are open.
    var mode = SyncMode.twoWay
    /// The part of the share that was joined, escaped; nil for all. The hub knows where it is by now.
    var subtree: String?

    /// How fast bytes of files may move to the hub, as far as this machine decides.
    var limitUp = Timetable.off
    /// How fast they may move from it.
    var limitDown = Timetable.off

    /// Patterns of `.syncignore`, for this machine only.
    var ignore: [String] = []

    /// - Throws: `SettingsError` that names file, key and what was expected.
    static func load(_ layout: AgentLayout) throws -> AgentConfiguration {
        try loadSettings(AgentSettings.self, from: layout.configuration).configuration
    }

    func write(to layout: AgentLayout) throws {
        try writeSettings(text, as: AgentSettings.self, to: layout.configuration)
    }

    /// Where and as whom to log in, with a token that stays.
    func address(_ layout: AgentLayout, token: String) throws -> HubAddress {
        try address(layout) { token }
    }

    /// Where and as whom to log in.
    /// - Parameter token: asked for at each login.
    func address(_ layout: AgentLayout, token: @escaping @Sendable () throws -> String) throws -> HubAddress {
        let key = try HostKey(line: hostKey)
        var address = HubAddress(
            hosts: hosts.map { SSHAddress(host: $0.host, port: UInt16(clamping: $0.port)) }, user: user,
            hostKey: key, key: .file(layout.key), apiPort: UInt16(clamping: apiPort),
            token: token, machine: Machine.identity(home: layout.home))
        address.lookAround = { Discovery.find(key) }
        LastHost(layout, hosts).keep(for: &address)
        address.limits.up.limit(own: limitUp)
        address.limits.down.limit(own: limitDown)
        return address
    }

    /// - Throws: `SettingsError`.
    static func parse(_ bytes: [UInt8]) throws -> AgentConfiguration {
        let settings: AgentSettings = try decodeSettings(bytes, path: "agent.json5")
        return settings.configuration
    }

    /// As it is written.
    var text: SettingsText {
        """
        // A SyncHub agent: which folder, and which hub. `syncagent join` wrote it.
        {
            hub: {
                name: \(hub),
                // Tried in this order, each HOST:PORT of its SSH server.
                hosts: \(hosts.map(\.description)),
                user: \(user),
                // Only a server with this key is talked to.
                host_key: \(hostKey),
                api_port: \(apiPort),
            },
            // This machine's name at the hub.
            client: \(client),
            folder: \(folder),
            // "two-way", "send-only" (nothing comes down) or "receive-only" (nothing goes up). With "send-only" a line
            // `delete: false` keeps at the hub what is deleted here.
            mode: \(mode.name),
            // The part of the share that was joined ("": all of it). To map another one, leave and join again.
            subtree: \(subtree ?? ""),
            // A file is taken when it was closed and quiet for so many milliseconds …
            debounce_ms: \(debounce),
            // … and one that is written all the time after so many seconds.
            min_interval_s: \(minInterval),
            // One large file travels over as many connections as make it faster, at most so many.
            max_connections: \(connections),
            // How many bytes of files may move in a second: "512k", "2M" or "off", or by the time of day: "08:00,512k 23:00,off".
            // What `syncctl limit` asks for holds beside it.
            limits: {
                up: \(limitUp.description),
                down: \(limitDown.description),
            },
            // Owner and group travel by name; takes root on each machine that does it.
            owners: \(owners),
            // Extended attributes (user.*) and POSIX ACLs travel.
            xattrs: \(xattrs),
            // What was deleted elsewhere while this machine was away for months lies in .synchub/trash for so many days in which
            // the agent runs.
            trash_days: \(trashDays),
            // Patterns as in a .syncignore file, for this machine only; they win over those files.
            ignore: \(ignore),
        }

        """
    }
}

/// `agent.json5` as it is written.
private struct AgentSettings: SettingsGroup {
    enum Key: String, CaseIterable {
        case hub, client, folder, subtree, mode, delete, debounce_ms, min_interval_s, max_connections, limits, owners,
            xattrs, trash_days, ignore
    }
    let configuration: AgentConfiguration

    init(_ settings: SettingsReader<Key>) throws {
        let hub: HubSettings = try settings.group(.hub)
        let folder: String = try settings.value(.folder)
        let limits: LimitSettings = try settings.group(.limits)
        guard folder.hasPrefix("/") else { throw settings.refusal(of: .folder, expected: "an absolute path") }
        configuration = AgentConfiguration(
            hub: hub.name, hosts: hub.hosts, user: hub.user, hostKey: hub.hostKey, apiPort: hub.apiPort,
            client: try settings.value(.client), folder: folder,
            debounce: try settings.value(.debounce_ms, default: 50, in: 0...60_000),
            minInterval: try settings.value(.min_interval_s, default: 10, in: 1...86_400),
            connections: try settings.value(.max_connections, default: 4, in: 1...16),
            owners: try settings.value(.owners, default: false), xattrs: try settings.value(.xattrs, default: false),
            trashDays: try settings.value(.trash_days, default: 30, in: 1...36_500),
            mode: try AgentSettings.mode(settings), subtree: try AgentSettings.subtree(settings),
            limitUp: limits.up, limitDown: limits.down,
            ignore: try settings.list(.ignore))
    }

    private static func subtree(_ settings: SettingsReader<Key>) throws -> String? {
        let text: String = try settings.value(.subtree, default: "")
        guard (try? wirePath(text)) != nil else {
            throw settings.refusal(of: .subtree, expected: "a path in the share, as the join wrote it")
        }
        return text.isEmpty ? nil : text
    }

    private static func mode(_ settings: SettingsReader<Key>) throws -> SyncMode {
        let word: String = try settings.value(.mode, default: SyncMode.twoWay.name)
        let deletes: Bool? = try settings.optional(.delete)
        switch word {
        case "send-only": return .sendOnly(deletes: deletes ?? true)
        case "two-way", "receive-only":
            if deletes != nil { throw settings.refusal(of: .delete, expected: "nothing unless mode is \"send-only\"") }
            return word == "two-way" ? .twoWay : .receiveOnly
        default:
            throw settings.refusal(of: .mode, expected: "\"two-way\", \"send-only\" or \"receive-only\"")
        }
    }
}

/// How fast bytes of files may move, in `agent.json5`.
private struct LimitSettings: SettingsGroup {
    enum Key: String, CaseIterable { case up, down }
    let up: Timetable
    let down: Timetable

    init(_ settings: SettingsReader<Key>) throws {
        up = try LimitSettings.timetable(settings, .up)
        down = try LimitSettings.timetable(settings, .down)
    }

    private static func timetable(_ settings: SettingsReader<Key>, _ key: Key) throws -> Timetable {
        let text: String = try settings.value(key, default: "off")
        do throws(TimetableError) { return try Timetable(text) } catch {
            throw settings.refusal(of: key, expected: "a rate such as \"512k\" or \"08:00,512k 23:00,off\" (\(error))")
        }
    }
}

/// The hub, in `agent.json5`.
private struct HubSettings: SettingsGroup {
    enum Key: String, CaseIterable { case name, hosts, user, host_key, api_port }
    let name: String
    let hosts: [AgentConfiguration.Host]
    let user: String
    let hostKey: String
    let apiPort: Int

    init(_ settings: SettingsReader<Key>) throws {
        name = try settings.value(.name)
        let texts: [String] = try settings.list(.hosts)
        hosts = texts.compactMap(AgentConfiguration.Host.init)
        guard hosts.count == texts.count, !hosts.isEmpty else {
            throw settings.refusal(of: .hosts, expected: "at least one \"HOST:PORT\"")
        }
        user = try settings.value(.user)
        hostKey = try settings.value(.host_key)
        guard (try? HostKey(line: hostKey)) != nil else {
            throw settings.refusal(of: .host_key, expected: "an OpenSSH public key line that begins with ssh-ed25519")
        }
        apiPort = try settings.value(.api_port, default: 0, in: 1...65_535)
    }
}

extension AgentConfiguration.Host {
    /// The port stands after the last colon, so that an IPv6 address may hold others.
    init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (1...65_535).contains(port), colon > text.startIndex
        else { return nil }
        self.init(host: String(text[..<colon]), port: port)
    }
}
