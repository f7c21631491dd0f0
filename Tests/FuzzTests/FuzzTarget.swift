/// Something that reads what others send, with what holds for all bytes. `contrib/fuzz` looks for bytes for which it does not;
/// the tests run it over what is in `Corpus`.
struct FuzzTarget: Sendable {
    /// As a directory of `Corpus` is called.
    let name: String
    /// What to begin with: what is really sent.
    let seeds: [[UInt8]]
    /// - Throws: ``Broken``; whatever else may be wrong traps.
    let run: @Sendable ([UInt8]) throws -> Void

    static let all: [FuzzTarget] = [
        commit, bodies, answers, invite, config, clients, syncignore, stored, names, words, sessions, log, requests,
    ]
}

/// What does not hold for some bytes.
struct Broken: Error, CustomStringConvertible {
    let description: String
}

func promise(_ holds: Bool, _ what: @autoclosure () -> String) throws(Broken) {
    if !holds { throw Broken(description: what()) }
}

extension [UInt8] {
    /// The first byte, as a choice of so many, and the others. A letter in a seed: `a` is the first.
    func choice(of count: Int) -> (Int, [UInt8]) {
        guard let first else { return (0, []) }
        return (Int(first &- UInt8(ascii: "a")) % count, Array(dropFirst()))
    }
}
