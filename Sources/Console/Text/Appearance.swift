/// What a rendering may depend on beside its value.
struct Appearance: Sendable {
    /// Colours and weights.
    var isStyled: Bool
    /// Unix seconds, for "3 min ago".
    var now: Int64

    init(isStyled: Bool = false, now: Int64 = 0) {
        self.isStyled = isStyled
        self.now = now
    }

    /// - Parameters:
    ///   - noColor: the value of `$NO_COLOR`; any text but the empty one forbids colour (no-color.org).
    ///   - term: the value of `$TERM`.
    static func isStyled(isTerminal: Bool, noColor: String?, term: String?) -> Bool {
        isTerminal && (noColor ?? "").isEmpty && term != "dumb"
    }

    func styled(_ text: String, _ style: Style) -> String {
        guard isStyled, let code = style.code, !text.isEmpty else { return text }
        return "\u{1B}[\(code)m\(text)\u{1B}[0m"
    }
}

/// What a piece of text means to the eye.
enum Style: Sendable {
    case plain, heading, quiet, good, busy, warning, bad

    /// Select Graphic Rendition (ECMA-48 §8.3.117).
    var code: String? {
        switch self {
        case .plain: nil
        case .heading: "1"
        case .quiet: "2"
        case .good: "32"
        case .busy: "36"
        case .warning: "33"
        case .bad: "31"
        }
    }
}
