internal import ControlAPI
internal import HTTPServer
import SyncCore
import Synchronization

/// The sync core behind a server on 127.0.0.1: what the service runs between the doors. Any thread; calls block.
package final class SyncEngine: Sendable {
    private let layout: HubLayout
    private let configuration: HubConfiguration
    private let keys: any KeyKeeper
    private let user: String
    private let running = Mutex<(core: HubCore, server: HTTPServer)?>(nil)

    /// - Parameters:
    ///   - keys: whom to tell who may come in.
    ///   - user: as whom devices log in; stands in invites.
    package init(layout: HubLayout, configuration: HubConfiguration, keys: any KeyKeeper, user: String) {
        self.layout = layout
        self.configuration = configuration
        self.keys = keys
        self.user = user
    }

    /// Finishes what a crash left, tells the key keeper all keys, and serves the API. Returns when it is listening.
    /// - Throws: ``HubCoreError``, and what journal, share and socket throw.
    package func start() throws {
        let (layout, configuration, user) = (layout, configuration, user)
        var settings = HubCoreSettings()
        settings.shareSettle = configuration.shareSettle
        settings.brokenHours = configuration.brokenHours
        settings.protect = configuration.protect
        settings.guardRule = MassChangeGuard(
            percent: configuration.massDeletePercent, least: configuration.massDeleteLeast,
            window: Int64(configuration.massDeleteMinutes) * 60)
        settings.staleDays = configuration.staleDays
        settings.packMemory = Int64(configuration.packMemoryMiB) << 20
        settings.stagingQuota = StagingQuota(
            files: configuration.stagingFiles, bytes: Int64(configuration.stagingMiB) << 20)
        // A pack that is larger than what may be staged would never arrive.
        let packMiB =
            configuration.stagingMiB > 0 ? min(configuration.packMiB, configuration.stagingMiB) : configuration.packMiB
        settings.packSize = Int64(packMiB) << 20
        let core = try HubCore(layout: layout, name: configuration.name, settings: settings, keys: keys) {
            try SyncEngine.address(layout, configuration, user)
        }
        do {
            var limits = HTTPServerSettings()
            limits.origins = Set(configuration.apiOrigins)
            let server = try core.serve(port: configuration.apiPort, settings: limits)
            running.withLock { $0 = (core, server) }
        } catch {
            core.stop()
            throw error
        }
    }

    /// Ends the open requests, makes everything durable and stops serving. Returns when nothing of it runs.
    package func stop() {
        guard let (core, server) = running.withLock({ $0.take() }) else { return }
        core.stop()
        server.stop()
    }

    private static func address(
        _ layout: HubLayout, _ configuration: HubConfiguration, _ user: String
    ) throws -> HubAddress {
        let hostKey = try configuration.hostKey(layout)
        return HubAddress(
            hosts: configuration.hostCandidates.map {
                InviteMessage.Host(host: $0, port: Int(configuration.sftpPort))
            },
            user: user, hostKey: hostKey, apiPort: Int(configuration.apiPort))
    }
}
