/// What is wrong with a command line, in one sentence without its full stop.
struct UsageProblem: Error {
    let sentence: String
    init(_ sentence: String) { self.sentence = sentence }
}

/// The known word that a person most likely meant; nil if none is near enough. Near is one slip (a letter missing,
/// added, wrong or swapped with its neighbour) in three letters, or a beginning of the word.
package func nearestWord(to word: String, among known: [String]) -> String? {
    let letters = Array(word.lowercased())
    if let longer = known.first(where: { letters.count > 2 && $0.lowercased().hasPrefix(word.lowercased()) }) {
        return longer
    }
    let ranked = known.map { (word: $0, slips: slips(letters, Array($0.lowercased()))) }
    guard let best = ranked.min(by: { $0.slips < $1.slips }) else { return nil }
    return best.slips <= max(1, letters.count / 3) ? best.word : nil
}

/// The optimal string alignment distance, by rows of its table.
private func slips(_ a: [Character], _ b: [Character]) -> Int {
    var before: [Int] = []
    var row = Array(0...b.count)
    for i in a.indices {
        var next = [i + 1]
        for j in b.indices {
            var cost = min(row[j] + (a[i] == b[j] ? 0 : 1), row[j + 1] + 1, next[j] + 1)
            if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, before[j - 1] + 1) }
            next.append(cost)
        }
        before = row
        row = next
    }
    return row[b.count]
}

/// Bytes as they may be shown on a terminal: control characters and what is not UTF-8 do nothing there.
func shown(_ bytes: [UInt8]) -> String {
    String(decoding: bytes, as: UTF8.self).unicodeScalars.reduce(into: "") { text, scalar in
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: text += "\u{FFFD}"
        default: text.unicodeScalars.append(scalar)
        }
    }
}
