/// What the service runs between the doors: journal, placement and the control API. The sync core conforms.
package protocol HubEngine: Sendable {
    /// Finishes what a crash left, tells ``KeyKeeper`` all keys, and serves the API on 127.0.0.1. Returns when it is listening.
    func start() throws
    /// Answers what waits, and stops serving. Returns when nothing of it runs. Called once, after a ``start()`` that did not throw.
    func stop()
}

/// Makes the engine of a hub.
/// - Parameter keys: whom to tell about keys.
package typealias HubEngineMaker =
    @Sendable (_ layout: HubLayout, _ configuration: HubConfiguration, _ keys: any KeyKeeper) throws -> any HubEngine
