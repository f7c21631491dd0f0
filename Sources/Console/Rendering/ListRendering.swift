import ControlAPI
import SyncCore

extension ClientMessage: Listed {
    static var columns: [Table.Column] {
        [
            .init("CLIENT"), .init("KIND"), .init("ROLE"), .init("STATE"), .init("SINCE"), .init("LAST SEEN"),
            .init("KEY"),
        ]
    }
    static var none: String { StatusResponse.Client.none }

    private var changing: String {
        rotating.map { " (changing it since \(Figures.time($0)): `syncagent rotate` there ends that)" } ?? ""
    }

    func cells(_ appearance: Appearance) -> [Table.Cell] {
        [
            .init(name), .init(kind.rawValue), .init(role), .init(state.text(of: kind), state.style(of: kind)),
            .init(Figures.time(since)), .init(state.lastSeen(lastSeen, of: kind, appearance), .quiet),
            fingerprint.map { .init($0 + changing) } ?? .init("invited, has not joined yet", .quiet),
        ]
    }
}

extension UnsyncedMessage: Listed {
    static var columns: [Table.Column] {
        [.init("CLIENT"), .init("WAY"), .init("SIZE", .right), .init("PATH"), .init("REASON")]
    }
    static var none: String { "nothing is waiting" }

    func cells(_ appearance: Appearance) -> [Table.Cell] {
        [
            .init(client), .init(direction.rawValue, .busy), .init(Figures.bytes(bytes)), .init(shown(path)),
            .init(reason),
        ]
    }
}

extension ConflictMessage: Listed {
    static var columns: [Table.Column] {
        [.init("PATH"), .init("THE OTHER VERSION IS AT"), .init("FROM"), .init("WHEN")]
    }
    static var none: String { "no open conflicts" }

    func cells(_ appearance: Appearance) -> [Table.Cell] {
        [.init(shown(path), .warning), .init(shown(copy)), .init(client), .init(Figures.time(at))]
    }
}

extension LogMessage: Listed {
    static var columns: [Table.Column] {
        [.init("SEQ", .right), .init("WHEN"), .init("CLIENT"), .init("CHANGE"), .init("SIZE", .right), .init("PATH")]
    }
    static var none: String { "nothing has happened yet" }
    /// Lines of a log that is followed come one batch after the other, and there is no heading between them.
    static var hasHeading: Bool { false }

    func cells(_ appearance: Appearance) -> [Table.Cell] {
        [
            .init("\(seq)", .quiet), .init(Figures.time(at)), .init(client), .init(change, .busy),
            kind == "file" ? .init(Figures.bytes(bytes)) : .init(kind, .quiet),
            .init(from.map { "\(shown($0)) -> \(shown(path))" } ?? shown(path)),
        ]
    }
}

extension HistoryMessage: Listed {
    static var columns: [Table.Column] {
        [
            .init("VERSION", .right), .init("WHEN"), .init("CLIENT"), .init("CHANGE"), .init("SIZE", .right),
            .init("STATE"), .init("PATH"),
        ]
    }
    static var none: String { "nothing is on record" }

    func cells(_ appearance: Appearance) -> [Table.Cell] {
        [
            .init("\(version)", .quiet), .init(Figures.time(at)), .init(client), .init(change, .busy),
            kind == "file" ? .init(Figures.bytes(size)) : .init(kind, .quiet),
            .init(state.rawValue, state == .gone ? .warning : state == .current ? .good : .quiet), .init(shown(path)),
        ]
    }
}

extension PathsResponse: Readable {
    func text(_ appearance: Appearance) -> String {
        if paths.isEmpty { return "nothing is known to lie anywhere\n" }
        let rows = paths.map { [Table.Cell($0.what), Table.Cell($0.path)] }
        return Table(columns: [.init(""), .init("")], rows: rows, hasHeading: false).text(appearance)
    }
}

/// A path below the share, for people; the top has no name of its own.
private func shown(_ path: String) -> String { path.isEmpty ? "(the share itself)" : path }
