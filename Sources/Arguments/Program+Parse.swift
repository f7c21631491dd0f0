extension Program {
    /// Reads a command line.
    /// - Parameter arguments: without the program's name: see ``processArguments()``.
    package func parse(_ arguments: [[UInt8]]) -> ParseResult {
        var parser = Parser(program: self, rest: arguments[...])
        do throws(UsageProblem) {
            try parser.run()
            return .run(try parser.invocation())
        } catch {
            // Whoever asks for help is not told first what is wrong.
            if parser.asksForHelp { return .help(help(for: parser.command)) }
            if parser.asksForVersion { return .version("\(name) \(version)") }
            return .wrongUsage(wrongUsage(error.sentence, command: parser.command?.name))
        }
    }

    /// What to print about wrong usage that only the command itself can find (`pause` with neither a name nor `--all`).
    /// - Parameter problem: a sentence without its full stop.
    package func wrongUsage(_ problem: String, command: String?) -> String {
        let words = [name, command].compactMap { $0 }.joined(separator: " ")
        return "\(name): \(problem)\(problem.hasSuffix("?") ? "" : ".")\nTry '\(words) --help'."
    }
}

/// One walk over the words of a command line.
private struct Parser {
    let program: Program
    var rest: ArraySlice<[UInt8]>
    var command: Command?
    var asksForHelp = false
    var asksForVersion = false
    /// In the order given; flags have no value.
    private var options: [(name: String, value: [UInt8]?)] = []
    private var positionals: [[UInt8]] = []

    init(program: Program, rest: ArraySlice<[UInt8]>) {
        self.program = program
        self.rest = rest
    }

    mutating func run() throws(UsageProblem) {
        var firstProblem: UsageProblem?
        // Goes on after a problem, since `--help` may follow.
        while let word = rest.popFirst() {
            do throws(UsageProblem) { try take(word) } catch { firstProblem = firstProblem ?? error }
        }
        if let firstProblem { throw firstProblem }
        if asksForHelp || asksForVersion { throw UsageProblem("help was asked for") }
    }

    private mutating func take(_ word: [UInt8]) throws(UsageProblem) {
        let dash = UInt8(ascii: "-")
        if word == [dash, dash] {
            while let word = rest.popFirst() { try takePlain(word) }
        } else if word.starts(with: [dash, dash]) {
            try takeOption(word.dropFirst(2))
        } else if word == Array("-h".utf8) {
            asksForHelp = true
        } else if word.first == dash, word.count > 1 {
            throw UsageProblem("unknown option '\(shown(word))'; if it is a name, put '--' before it")
        } else {
            try takePlain(word)
        }
    }

    private mutating func takePlain(_ word: [UInt8]) throws(UsageProblem) {
        guard command == nil else {
            positionals.append(word)
            return
        }
        let name = shown(word)
        guard let found = program.command(name) else {
            throw UsageProblem("unknown command '\(name)'\(guess(name, among: program.commands.map(\.name)))")
        }
        command = found
    }

    private mutating func takeOption(_ word: ArraySlice<UInt8>) throws(UsageProblem) {
        let parts = word.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
        let name = shown(Array(parts[0]))
        guard let option = declared.first(where: { $0.name == name }) else {
            try takeBuiltIn(name)
            return
        }
        if parts.count > 1 {
            guard option.takesValue else { throw UsageProblem("--\(name) takes no value") }
            options.append((name, Array(parts[1])))
        } else {
            options.append((name, option.takesValue ? try nextValue(of: option) : nil))
        }
    }

    /// Those that could be meant: before the command word, any command's; but `--version` is then the program's.
    private var declared: [Option] {
        guard let command else {
            return program.commonOptions + program.commands.flatMap(\.options).filter { $0.name != "version" }
        }
        return program.commonOptions + command.options
    }

    private mutating func takeBuiltIn(_ name: String) throws(UsageProblem) {
        switch name {
        case "help": asksForHelp = true
        case "version": asksForVersion = true
        default:
            let guess = guess(name, among: declared.map(\.name) + ["help", "version"], prefix: "--")
            throw UsageProblem("unknown option '--\(name)'\(guess)")
        }
    }

    private mutating func nextValue(of option: Option) throws(UsageProblem) -> [UInt8] {
        // `--root --json` is a forgotten value; one that does begin so is given as `--root=--json`.
        guard let next = rest.first, !next.starts(with: Array("--".utf8)) else {
            throw UsageProblem("--\(option.name) needs a value: --\(option.name) \(option.valueName)")
        }
        rest.removeFirst()
        return next
    }

    private func guess(_ word: String, among known: [String], prefix: String = "") -> String {
        nearestWord(to: word, among: known).map { "; did you mean '\(prefix)\($0)'?" } ?? ""
    }

    // MARK: After the walk

    func invocation() throws(UsageProblem) -> Invocation {
        guard let command else { throw UsageProblem("a command is missing") }
        var values: [String: [Value]] = [:]
        for (name, bytes) in options {
            guard let option = declared.first(where: { $0.name == name }) else {
                throw UsageProblem("'\(command.name)' has no option '--\(name)'")
            }
            if values[name] != nil, !option.repeats { throw UsageProblem("--\(name) is given twice") }
            values[name, default: []].append(try value(of: option, bytes))
        }
        try assignPositionals(of: command, to: &values)
        let names = declared.map(\.name) + command.positionals.map(\.name)
        return Invocation(command: command.name, declared: Set(names), values: values)
    }

    private func value(of option: Option, _ bytes: [UInt8]?) throws(UsageProblem) -> Value {
        guard let kind = option.kind, let bytes else { return .flag }
        return try kind.parse(bytes, for: "--\(option.name)")
    }

    private func assignPositionals(of command: Command, to values: inout [String: [Value]]) throws(UsageProblem) {
        var words = positionals[...]
        for positional in command.positionals {
            if words.isEmpty, positional.arity == .required || positional.arity == .some {
                throw UsageProblem("'\(command.name)' needs \(positional.name): \(positional.summary)")
            }
            let taken = positional.isVariadic ? words : words.prefix(1)
            words = words.dropFirst(taken.count)
            for word in taken {
                values[positional.name, default: []].append(try positional.kind.parse(word, for: positional.name))
            }
        }
        if let extra = words.first { throw UsageProblem("unexpected argument '\(shown(extra))'") }
    }
}
