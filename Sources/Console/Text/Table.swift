import SyncCore

/// Columns that line up by the width that a terminal shows.
struct Table {
    struct Column {
        var title: String
        var alignment: Alignment
        init(_ title: String, _ alignment: Alignment = .left) {
            self.title = title
            self.alignment = alignment
        }
    }

    enum Alignment { case left, right }

    struct Cell {
        var text: String
        var style: Style
        /// - Parameter text: made safe for the terminal here, wherever it came from.
        init(_ text: String, _ style: Style = .plain) {
            self.text = SafeText.name(text)
            self.style = style
        }
    }

    var columns: [Column]
    var rows: [[Cell]]
    /// Whether the titles stand above.
    var hasHeading = true

    /// Lines, each ended.
    func text(_ appearance: Appearance) -> String {
        let heading = columns.map { Cell($0.title, .heading) }
        let lines = (hasHeading ? [heading] : []) + rows
        let widths = columns.indices.map { column in lines.map { DisplayWidth.of($0[column].text) }.max() ?? 0 }
        return lines.map { line($0, widths, appearance) + "\n" }.joined()
    }

    private func line(_ cells: [Cell], _ widths: [Int], _ appearance: Appearance) -> String {
        // Nothing is padded after the last text of a line: copied text carries no spaces.
        let last = cells.lastIndex { !$0.text.isEmpty } ?? 0
        return cells.indices.prefix(last + 1).map { index in
            let cell = cells[index]
            let padding = String(repeating: " ", count: widths[index] - DisplayWidth.of(cell.text))
            let text = appearance.styled(cell.text, cell.style)
            switch columns[index].alignment {
            case .right: return padding + text
            case .left: return index == last ? text : text + padding
            }
        }.joined(separator: "  ")
    }
}
