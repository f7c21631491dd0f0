/// A program: what it is called and what it can be told. The text of `--help` is made from this.
package struct Program: Sendable {
    let name: String
    let summary: String
    let version: String
    let commonOptions: [Option]
    let commands: [Command]

    /// - Parameters:
    ///   - summary: what it is, in a few words.
    ///   - commonOptions: those that every command takes. `--help` and `--version` are always there.
    package init(name: String, summary: String, version: String, commonOptions: [Option] = [], commands: [Command]) {
        self.name = name
        self.summary = summary
        self.version = version
        self.commonOptions = commonOptions
        self.commands = commands
        requireUnambiguousNames()
    }

    func command(_ name: String) -> Command? { commands.first { $0.name == name } }

    /// An option may stand before the command word, where only its own name tells whether a value follows.
    private func requireUnambiguousNames() {
        var takesValue: [String: Bool] = [:]
        for option in commonOptions + commands.flatMap(\.options) {
            let known = takesValue.updateValue(option.takesValue, forKey: option.name) ?? option.takesValue
            precondition(known == option.takesValue, "--\(option.name) is declared with and without a value")
        }
        precondition(Set(commands.map(\.name)).count == commands.count, "a command is declared twice")
        for command in commands {
            let names = (commonOptions + command.options).map(\.name) + command.positionals.map(\.name)
            precondition(Set(names).count == names.count, "'\(command.name)' declares a name twice")
        }
    }
}

/// One thing that a program does, named by the first word that is not an option.
package struct Command: Sendable {
    let name: String
    let group: String
    let summary: String
    let details: String
    let options: [Option]
    let positionals: [Positional]

    /// - Parameters:
    ///   - group: the heading under which `--help` lists it.
    ///   - summary: what it does, one line.
    ///   - details: paragraphs for its own `--help`, if the summary does not say it all.
    ///   - positionals: in order; required ones, then optional ones, then at most one variadic.
    package init(
        name: String, group: String = "Commands", summary: String, details: String = "", options: [Option] = [],
        positionals: [Positional] = []
    ) {
        self.name = name
        self.group = group
        self.summary = summary
        self.details = details
        self.options = options
        self.positionals = positionals
        let order = positionals.map(\.arity.rawValue)
        precondition(order == order.sorted(), "'\(name)' has a required argument behind an optional one")
        precondition(positionals.dropLast().allSatisfy { !$0.isVariadic }, "'\(name)' has two variadic arguments")
    }
}

/// An option: `--name`, `--name VALUE` or `--name=VALUE`.
package struct Option: Sendable {
    let name: String
    let summary: String
    /// Nil for a flag.
    let kind: ValueKind?
    let valueName: String
    let repeats: Bool

    var takesValue: Bool { kind != nil }

    /// An option that is there or not; being there twice says no more.
    package static func flag(_ name: String, _ summary: String) -> Option {
        Option(name: name, summary: summary, kind: nil, valueName: "", repeats: true)
    }

    /// An option with a value.
    /// - Parameters:
    ///   - valueName: how `--help` calls the value, such as `DIR`.
    ///   - repeats: whether it may be given more than once; otherwise the second time is wrong usage.
    package static func value(
        _ name: String, _ valueName: String, as kind: ValueKind = .text, repeats: Bool = false, _ summary: String
    ) -> Option {
        Option(name: name, summary: summary, kind: kind, valueName: valueName, repeats: repeats)
    }
}

/// An argument that is known by its place.
package struct Positional: Sendable {
    enum Arity: Int { case required, optional, some, any }

    let name: String
    let kind: ValueKind
    let summary: String
    let arity: Arity

    var isVariadic: Bool { arity == .some || arity == .any }

    /// Exactly one.
    /// - Parameter name: how `--help` and ``Invocation`` call it, such as `PATH`.
    package static func required(_ name: String, as kind: ValueKind = .text, _ summary: String) -> Positional {
        Positional(name: name, kind: kind, summary: summary, arity: .required)
    }

    /// None or one.
    package static func optional(_ name: String, as kind: ValueKind = .text, _ summary: String) -> Positional {
        Positional(name: name, kind: kind, summary: summary, arity: .optional)
    }

    /// All that remain: any number, or one at least.
    package static func variadic(
        _ name: String, as kind: ValueKind = .text, atLeastOne: Bool = false, _ summary: String
    ) -> Positional {
        Positional(name: name, kind: kind, summary: summary, arity: atLeastOne ? .some : .any)
    }
}
