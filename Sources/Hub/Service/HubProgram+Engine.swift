internal import Processes

extension HubProgram {
    /// The engine that `run` serves with.
    static let engineMaker: HubEngineMaker = { layout, configuration, keys in
        PlaceholderEngine()
    }
}

struct PlaceholderEngine: HubEngine {
    func start() throws {}
    func stop() {}
}
