package import ControlAPI
import Dispatch
internal import Hashing
package import HTTPServer
internal import Journal
import SyncCore

/// The hub's sync core: answers every request of the API. It owns the journal and the share on one thread of its own;
/// bytes are verified on a few others, so that one client's upload holds up nobody. Any thread.
package final class HubCore: Sendable {
    private let queue = DispatchQueue(label: "hub")
    private let desk: Confined<HubDesk>
    private let door: Door
    private let bodyLimit: Int

    /// Opens journal and share, finishes what a crash left undone, and removes rubbish. Blocks.
    /// - Parameters:
    ///   - name: of the hub, as shown to people.
    ///   - address: where devices find this hub, for invites. Called on a thread that may block.
    /// - Throws: ``HubCoreError``, ``FileTreeError``, and what the journal throws.
    package init(
        layout: HubLayout, name: String, settings: HubCoreSettings = HubCoreSettings(), clock: HubClock = .system,
        keys: any KeyKeeper, address: @escaping @Sendable () throws -> HubAddress
    ) throws {
        let queue = queue
        let verifiers = WorkerPool("hub.verify", width: settings.verifiers)
        let door = Door(
            bodyLimit: settings.bodyLimit, uptime: clock.uptime, users: Door.users(of: layout.adminToken))
        (self.door, bodyLimit) = (door, settings.bodyLimit)
        desk = try queue.sync {
            Confined(
                try HubDesk(
                    layout: layout, name: name, settings: settings, clock: clock, keys: keys, address: address,
                    queue: queue, verifiers: verifiers, door: door), on: queue)
        }
        queue.async { [desk] in desk.value.start() }
    }

    /// The API on 127.0.0.1, from now on.
    /// - Parameters:
    ///   - port: 0 takes a free one.
    ///   - settings: but for the sizes of bodies, which are the core's.
    package func serve(
        port: UInt16, settings: HTTPServerSettings = HTTPServerSettings()
    ) throws(HTTPServerError) -> HTTPServer {
        var settings = settings
        settings.bodyLimit = bodyLimit
        return try HTTPServer(
            .loopback(port: port), settings: settings, admit: { [door] in door.admit($0) },
            isOurs: { [door] in door.isOurs($0, $1) }
        ) { [self] in handle($0, $1) }
    }

    /// The handler of the API's server: answers through `responder`, now or later. Never blocks.
    package func handle(_ request: HTTPRequest, _ responder: HTTPResponder) {
        queue.async { [desk] in desk.value.handle(request, responder) }
    }

    /// Waits until everything that was answered is durable in the share too, and ends the open requests. What comes later
    /// is refused. Blocks.
    package func stop() { queue.sync { desk.value.stop() } }

    /// For tests: at one moment, nothing else happens at the hub.
    func inspect<Value>(_ body: (HubDesk) throws -> Value) rethrows -> Value {
        try queue.sync { try body(desk.value) }
    }

    /// Looks at time limits again: for tests that move the clock.
    package func clockMoved() { queue.async { [desk] in desk.value.settle() } }
}

/// Where devices find the hub.
package struct HubAddress: Hashable, Sendable {
    /// Names and ports, best first.
    package var hosts: [InviteMessage.Host]
    /// The user to log in as.
    package var user: String
    /// The host's public key line.
    package var hostKey: PublicKey
    /// Of the API, on 127.0.0.1.
    package var apiPort: Int

    package init(hosts: [InviteMessage.Host], user: String, hostKey: PublicKey, apiPort: Int) {
        self.hosts = hosts
        self.user = user
        self.hostKey = hostKey
        self.apiPort = apiPort
    }
}
