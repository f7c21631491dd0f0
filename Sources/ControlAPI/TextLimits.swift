import SyncCore

/// How long what a client says may be, in bytes of UTF-8: the hub keeps it, and shows it to people. A client of ours says
/// no more; what says more is refused.
package enum TextLimits {
    /// A sentence for a person: a reason, why nothing goes on.
    package static let sentence = 4_096
    /// What is one word: a version, a digest, a mode.
    package static let word = 128
    /// The generation of an index.
    package static let generation = 64
    /// A path, each byte of which may have to be escaped.
    package static let path = 4 * TreeLimits.path

    /// What is wrong with a field; nil if it is not too long.
    package static func problem(_ field: String, _ text: String?, most: Int) -> String? {
        guard let text, text.utf8.count > most else { return nil }
        return "the field '\(field)' has at most \(most) bytes, this one has \(text.utf8.count)"
    }

    /// A sentence that is not too long.
    package static func cut(_ text: String) -> String {
        if text.utf8.count <= sentence { return text }
        // Half a character at the end becomes three bytes.
        return String(decoding: text.utf8.prefix(sentence - 8), as: UTF8.self) + "…"
    }
}

extension HelloRequest {
    /// What is wrong with its texts; nil if nothing is.
    package var problem: String? {
        if generation.isEmpty || generation.utf8.count > TextLimits.generation {
            return "the field 'generation' must have 1 to \(TextLimits.generation) characters"
        }
        return TextLimits.problem("version", version, most: TextLimits.word)
            ?? TextLimits.problem("chain", chain, most: TextLimits.word)
            ?? TextLimits.problem("machine", machine, most: TextLimits.word)
    }
}

extension CommitRequest {
    /// What is wrong with its texts; nil if nothing is. Names and contents have their own limits.
    package var problem: String? {
        if generation.isEmpty { return "the field 'generation' must not be empty" }
        return TextLimits.problem("generation", generation, most: TextLimits.generation)
    }
}

extension ReportRequest {
    /// What is wrong with its texts; nil if nothing is.
    package var textProblem: String? {
        if let problem = TextLimits.problem("blocked", blocked, most: TextLimits.sentence)
            ?? TextLimits.problem("merging", merging, most: TextLimits.sentence)
            ?? TextLimits.problem("mode", mode, most: TextLimits.word)
        {
            return problem
        }
        for item in pending {
            if let problem = TextLimits.problem("pending.reason", item.reason, most: TextLimits.sentence)
                ?? TextLimits.problem("pending.path", item.path, most: TextLimits.path)
            {
                return problem
            }
        }
        return nil
    }
}
