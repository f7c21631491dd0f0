extension HubProgram {
    /// The engine that `run` serves with.
    static let engineMaker: HubEngineMaker = { layout, configuration, keys in
        SyncEngine(layout: layout, configuration: configuration, keys: keys, user: try CurrentUser.name())
    }
}

extension SyncEngine: HubEngine {}
