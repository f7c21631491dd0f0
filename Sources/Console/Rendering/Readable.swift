import ControlAPI
import SyncCore

/// A value that a command shows: as text for people, or as JSON (DESIGN §9) for programs. Both are pure.
protocol Readable: Encodable, Sendable {
    /// Lines, each ended, safe for a terminal.
    func text(_ appearance: Appearance) -> String
}

extension Readable {
    /// One line, ended.
    var json: String { SafeText.json(String(decoding: WireFormat.encode(self), as: UTF8.self)) + "\n" }
}

/// One row of a list.
protocol Listed: Codable, Sendable {
    static var columns: [Table.Column] { get }
    /// The sentence instead of a list of none.
    static var none: String { get }
    static var hasHeading: Bool { get }
    func cells(_ appearance: Appearance) -> [Table.Cell]
}

extension Listed {
    static var hasHeading: Bool { true }
}

extension Array: Readable where Element: Listed {
    func text(_ appearance: Appearance) -> String {
        if isEmpty { return Element.none + "\n" }
        let rows = map { $0.cells(appearance) }
        return Table(columns: Element.columns, rows: rows, hasHeading: Element.hasHeading).text(appearance)
    }
}
