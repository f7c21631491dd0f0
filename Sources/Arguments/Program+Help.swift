extension Program {
    /// The text of `--help`: of one command, or of the program with its table of commands.
    func help(for command: Command?) -> String {
        guard let command else { return overview }
        let arguments = command.positionals.map { ($0.name, $0.summary) }
        return sections([
            "\(name) \(command.name): \(command.summary)",
            "Usage: \(usage(of: command))",
            Table.wrap(command.details, width: Table.width, indent: 0),
            table("Arguments", arguments),
            table("Options", (command.options + commonOptions).map(row) + builtIn(beside: command.options)),
        ])
    }

    private var overview: String {
        var groups: [String] = []
        for command in commands where !groups.contains(command.group) { groups.append(command.group) }
        let width = commands.map(\.name.count).max() ?? 0
        let tables = groups.map { group in
            table(group, commands.filter { $0.group == group }.map { ($0.name, $0.summary) }, width: width)
        }
        return sections(
            ["\(name): \(summary)", "Usage: \(name) COMMAND [ARGUMENTS] [OPTIONS]"] + tables + [
                table("Options", commonOptions.map(row) + builtIn(beside: [])),
                "'\(name) COMMAND --help' tells more about a command.",
            ])
    }

    private func usage(of command: Command) -> String {
        let words = command.positionals.map(\.usage) + command.options.map(\.usage)
        return ([name, command.name] + words).joined(separator: " ")
    }

    private func row(_ option: Option) -> (String, String) { (option.spelling, option.summary) }

    private func builtIn(beside options: [Option]) -> [(String, String)] {
        let rows = [("--help", "Show this help"), ("--version", "Show the version of \(name)")]
        return rows.filter { row in !options.contains { "--\($0.name)" == row.0 } }
    }

    private func table(_ heading: String, _ rows: [(String, String)], width: Int = 0) -> String {
        rows.isEmpty ? "" : "\(heading):\n" + Table.text(rows, width: width)
    }

    private func sections(_ texts: [String]) -> String {
        texts.filter { !$0.isEmpty }.joined(separator: "\n\n")
    }
}

extension Option {
    fileprivate var spelling: String { takesValue ? "--\(name) \(valueName)" : "--\(name)" }
    fileprivate var usage: String { repeats && takesValue ? "[\(spelling)]..." : "[\(spelling)]" }
}

extension Positional {
    fileprivate var usage: String {
        switch arity {
        case .required: name
        case .optional: "[\(name)]"
        case .some: "\(name)..."
        case .any: "[\(name)...]"
        }
    }
}

/// Two columns, the second wrapped.
private enum Table {
    static let width = 80

    static func text(_ rows: [(String, String)], width least: Int) -> String {
        let longest = max(least, rows.map(\.0.count).max() ?? 0)
        let indent = min(longest, 30) + 4
        return rows.map { left, right in
            let start = "  " + left
            let text = wrap(right, width: width - indent, indent: indent)
            // A long left side has a line of its own.
            guard start.count + 2 <= indent else { return "\(start)\n\(spaces(indent))\(text)" }
            return start + spaces(indent - start.count) + text
        }.joined(separator: "\n")
    }

    /// Lines of at most `width` characters, all but the first behind `indent` spaces. Line breaks in it stay.
    static func wrap(_ text: String, width: Int, indent: Int) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false)
            .flatMap { lines(of: $0, width: width) }
            .joined(separator: "\n" + spaces(indent))
    }

    private static func lines(of paragraph: Substring, width: Int) -> [String] {
        var lines = [""]
        for word in paragraph.split(separator: " ") {
            let line = lines[lines.count - 1]
            if line.isEmpty {
                lines[lines.count - 1] = String(word)
            } else if line.count + 1 + word.count <= width {
                lines[lines.count - 1] = "\(line) \(word)"
            } else {
                lines.append(String(word))
            }
        }
        return lines
    }

    private static func spaces(_ count: Int) -> String { String(repeating: " ", count: max(0, count)) }
}
