/// The identity of a node, given by the hub's journal; survives renames and moves and is never reused.
package struct NodeID: RawRepresentable, Hashable, Comparable, Sendable, Codable {
    package let rawValue: Int64
    package init(rawValue: Int64) { self.rawValue = rawValue }
    package init(_ rawValue: Int64) { self.rawValue = rawValue }

    /// The share itself. It has no row of its own in feeds and is never renamed, edited or deleted.
    package static let root = NodeID(1)

    package static func < (a: NodeID, b: NodeID) -> Bool { a.rawValue < b.rawValue }
}

/// The journal's one counter: grows by one for each change accepted. 0 is "before the first change".
package struct Sequence: RawRepresentable, Hashable, Comparable, Sendable, Codable {
    package let rawValue: Int64
    package init(rawValue: Int64) { self.rawValue = rawValue }
    package init(_ rawValue: Int64) { self.rawValue = rawValue }

    /// Before the first change.
    package static let zero = Sequence(0)
    /// Of the change after this one.
    package var next: Sequence { Sequence(rawValue + 1) }

    package static func < (a: Sequence, b: Sequence) -> Bool { a.rawValue < b.rawValue }
}

/// How often a node's content (or its location) has changed; the thing that compare-and-swap compares.
/// The first version is 1.
package struct Version: RawRepresentable, Hashable, Comparable, Sendable, Codable {
    package let rawValue: Int64
    package init(rawValue: Int64) { self.rawValue = rawValue }
    package init(_ rawValue: Int64) { self.rawValue = rawValue }

    /// Of what has just been made.
    package static let first = Version(1)
    /// After one more change.
    package var next: Version { Version(rawValue + 1) }

    package static func < (a: Version, b: Version) -> Bool { a.rawValue < b.rawValue }
}

/// Names one operation of one client for ever: the client's index generation and a counter that only grows.
/// A repeated request carries the same id and gets the same outcome.
package struct OperationID: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    /// The random generation of the client's index (hex).
    package let generation: String
    /// Grows with each operation of the generation; gaps are allowed.
    package let number: Int64

    package init(generation: String, number: Int64) {
        self.generation = generation
        self.number = number
    }

    package var description: String { "\(generation)-\(number)" }

    package static func < (a: OperationID, b: OperationID) -> Bool {
        (a.generation, a.number) < (b.generation, b.number)
    }
}
