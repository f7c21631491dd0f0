internal import ControlAPI
internal import Engine
internal import SyncCore

/// A plan for people: a line for each thing, and what it comes to.
struct PlanTable {
    private let items: [PlanItem]

    init(_ items: [PlanItem]) { self.items = items }

    /// Lines, each ended.
    var text: String {
        if items.isEmpty { return "nothing to do\n" }
        let rows = [["WAY", "WHAT", "BYTES", "PATH"]] + items.map(PlanTable.row)
        let widths = (0..<3).map { column in rows.map { $0[column].count }.max() ?? 0 }
        let lines = rows.map { row in
            PlanTable.padded(row[0], widths[0]) + "  " + PlanTable.padded(row[1], widths[1]) + "  "
                + PlanTable.padded(row[2], widths[2], right: true) + "  " + row[3] + "\n"
        }
        return lines.joined() + summary + "\n"
    }

    /// One sentence: how much each way.
    var summary: String {
        let done = items.filter { ![.wait, .skip].contains($0.act.deed) }
        let up = done.filter(\.act.isUp), down = done.filter { !$0.act.isUp }
        func much(_ items: [PlanItem]) -> String { "\(items.count) (\(items.reduce(0) { $0 + $1.act.bytes }) bytes)" }
        let rest = items.count - done.count
        return "\(much(up)) up, \(much(down)) down" + (rest == 0 ? "" : ", \(rest) left as they are")
    }

    private static func row(_ item: PlanItem) -> [String] {
        let path = shown(item.path)
        let place = item.from.map { "\(shown($0)) -> \(path)" } ?? path
        let reason = item.reason.map { "  (\(SafeText.name($0)))" } ?? ""
        return [item.act.isUp ? "up" : "down", item.act.deed.rawValue, "\(item.act.bytes)", place + reason]
    }

    private static func shown(_ path: RelativePath) -> String { SafeText.name(Escaping.text(path.bytes)) }

    private static func padded(_ text: String, _ width: Int, right: Bool = false) -> String {
        let padding = String(repeating: " ", count: max(0, width - text.count))
        return right ? padding + text : text + padding
    }
}

extension PlanMessage {
    init(_ item: PlanItem) {
        self.init(
            direction: item.act.isUp ? .up : .down, what: item.act.deed.rawValue, path: Escaping.text(item.path.bytes),
            pathB64: Escaping.isPlain(item.path.bytes) ? nil : Base64.text(item.path.bytes),
            from: item.from.map { Escaping.text($0.bytes) }, bytes: item.act.bytes, reason: item.reason)
    }
}
