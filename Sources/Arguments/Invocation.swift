/// What a program was told to do. Every value is of the kind that was declared; to ask for a name or kind that was
/// not declared is a mistake of the program and stops it.
package struct Invocation: Sendable {
    /// The command word.
    package let command: String
    let declared: Set<String>
    let values: [String: [Value]]

    /// Whether the option (or argument) was given.
    package func has(_ name: String) -> Bool { !given(name).isEmpty }

    /// The value of ``ValueKind/text`` or ``ValueKind/choice(_:)``; nil if it was not given.
    package func text(_ name: String) -> String? { texts(name).last }

    /// All values of ``ValueKind/text`` or ``ValueKind/choice(_:)``, in order.
    package func texts(_ name: String) -> [String] {
        given(name).map { if case .text(let text) = $0 { text } else { wrongKind(name) } }
    }

    /// The value of ``ValueKind/bytes``; nil if it was not given.
    package func bytes(_ name: String) -> [UInt8]? { allBytes(name).last }

    /// All values of ``ValueKind/bytes``, in order.
    package func allBytes(_ name: String) -> [[UInt8]] {
        given(name).map { if case .bytes(let bytes) = $0 { bytes } else { wrongKind(name) } }
    }

    /// The value of ``ValueKind/duration`` in seconds; nil if it was not given.
    package func seconds(_ name: String) -> Int64? {
        given(name).last.map { if case .seconds(let seconds) = $0 { seconds } else { wrongKind(name) } }
    }

    /// The value of ``ValueKind/count``; nil if it was not given.
    package func count(_ name: String) -> Int64? {
        given(name).last.map { if case .count(let count) = $0 { count } else { wrongKind(name) } }
    }

    /// The value of ``ValueKind/port``; nil if it was not given.
    package func port(_ name: String) -> UInt16? {
        given(name).last.map { if case .port(let port) = $0 { port } else { wrongKind(name) } }
    }

    /// All words of ``ValueKind/list``, in order; empty if it was not given.
    package func list(_ name: String) -> [String] {
        given(name).flatMap { if case .list(let words) = $0 { words } else { wrongKind(name) } }
    }

    private func given(_ name: String) -> [Value] {
        precondition(declared.contains(name), "'\(command)' declares no '\(name)'")
        return values[name] ?? []
    }

    private func wrongKind(_ name: String) -> Never {
        preconditionFailure("'\(name)' of '\(command)' is declared as another kind")
    }
}

/// What a command line asks for.
package enum ParseResult: Sendable {
    case run(Invocation)
    /// The text of `--help`, for stdout. Exit 0.
    case help(String)
    /// Name and version, for stdout. Exit 0.
    case version(String)
    /// What is wrong and how to get help, for stderr. Exit 2.
    case wrongUsage(String)
}

/// The arguments of this process as bytes, without the program's name: a path need not be UTF-8.
package func processArguments() -> [[UInt8]] {
    (1..<max(1, Int(CommandLine.argc))).compactMap { index in
        // SAFETY: argv holds argc pointers to bytes that end in NUL and stay for the life of the process.
        CommandLine.unsafeArgv[index].map { argument in
            var count = 0
            while argument[count] != 0 { count += 1 }
            return UnsafeBufferPointer(start: argument, count: count).map(UInt8.init(bitPattern:))
        }
    }
}
