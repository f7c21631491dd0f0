import ControlAPI
import SyncCore

extension HeldMessage: Listed {
    static var columns: [Table.Column] {
        [
            .init("ID", .right), .init("CLIENT"), .init("WHEN"), .init("DELETES", .right), .init("REWRITES", .right),
            .init("FIRST"),
        ]
    }
    static var none: String { "nothing is held" }

    func cells(_ appearance: Appearance) -> [Table.Cell] {
        [
            .init("\(id)", .heading), .init(client), .init(Figures.time(at)), .init("\(deletes)", .warning),
            .init("\(rewrites)", .warning), .init(SafeText.name(path)),
        ]
    }
}

/// What `approve` and `reject` did.
struct Decided: Readable {
    var answer: HeldResponse
    var isApproved: Bool

    func encode(to encoder: any Encoder) throws { try answer.encode(to: encoder) }

    func text(_ appearance: Appearance) -> String {
        let count = Figures.count(Int64(answer.operations), "change")
        let name = SafeText.name(answer.client)
        return isApproved
            ? "approved: \(count) of \(name)\n" : "rejected: \(count) of \(name); it gets its files back\n"
    }
}
