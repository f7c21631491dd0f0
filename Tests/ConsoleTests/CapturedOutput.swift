import Arguments

@testable import Console

/// What a command said.
final class CapturedOutput: Output {
    let appearance: Appearance
    let isTerminal: Bool
    private(set) var results = ""
    private(set) var notes = ""

    init(_ appearance: Appearance = Appearance(), isTerminal: Bool = false) {
        (self.appearance, self.isTerminal) = (appearance, isTerminal)
    }

    func result(_ text: String) throws(Failure) { results += text }
    func note(_ text: String) { notes += text }
}

/// A stdout that takes nothing.
final class FullOutput: Output {
    let appearance = Appearance()
    private(set) var notes = ""
    func result(_ text: String) throws(Failure) { throw .failed("the result cannot be written") }
    func note(_ text: String) { notes += text }
}

/// The words of a line.
func words(_ line: String) -> [[UInt8]] { line.split(separator: " ").map { Array($0.utf8) } }

extension Array where Element == UInt8 {
    init(_ text: String) { self = Array(text.utf8) }
}
