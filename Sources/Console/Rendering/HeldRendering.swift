import ControlAPI
import SyncCore

extension HeldMessage: Listed {
    static var columns: [Table.Column] {
        [
            .init("ID", .right), .init("CLIENT"), .init("WHEN"), .init("DELETES", .right), .init("REWRITES", .right),
            .init("PASSED", .right), .init("FIRST"),
        ]
    }
    static var none: String { "nothing is held" }

    func cells(_ appearance: Appearance) -> [Table.Cell] {
        [
            .init("\(id)", .heading), .init(client), .init(Figures.time(at)), .init("\(deletes)", .warning),
            .init("\(rewrites)", .warning), .init("\(passed)", passed > 0 ? .bad : .quiet), .init(SafeText.name(path)),
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
        if isApproved { return "approved: \(count) of \(name)\n" }
        let back = answer.client == "share" ? "the files come back from where they are" : "it gets its files back"
        var text = "rejected: \(count) of \(name); \(back)\n"
        if let restored = answer.restored, restored > 0 {
            text += "\(Figures.count(Int64(restored), "change")) that had passed before: undone, for everybody\n"
        }
        guard let left = answer.left, left > 0 else { return text }
        let examples = answer.examples ?? []
        text += "\(Figures.count(Int64(left), "change")) that had passed before: not undone\n"
        for example in examples { text += "  \(SafeText.name(example))\n" }
        return left > examples.count ? text + "  and \(left - examples.count) more\n" : text
    }
}
