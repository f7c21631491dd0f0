/// Two changes of one node's content that started from the same base.
package enum ContentMerge: Hashable, Sendable {
    /// Both fit into one content.
    case combined(Content)
    /// Different bytes on both sides: neither may replace the other.
    case conflict

    /// - Parameters:
    ///   - base: what both started from; nil when it is not known any more.
    ///   - theirs: what was committed first.
    ///   - mine: what comes later, of the same kind.
    package static func merge(base: Content?, theirs: Content, mine: Content) -> ContentMerge {
        guard let base else {
            return theirs.hasSameBytes(as: mine) ? .combined(theirs) : .conflict
        }
        switch (base, theirs, mine) {
        case (.directory(let base), .directory(let theirs), .directory(let mine)):
            return .combined(.directory(Mode.merge(base: base, theirs: theirs, mine: mine)))
        case (.symlink, .symlink, .symlink):
            // A link has no attribute worth a copy: whoever changed the target has it.
            if theirs.hasSameBytes(as: mine) || mine.hasSameBytes(as: base) { return .combined(theirs) }
            return theirs.hasSameBytes(as: base) ? .combined(mine) : .conflict
        case (.file(let base), .file(let theirs), .file(let mine)):
            return merge(base, theirs, mine)
        default:
            return .conflict
        }
    }

    private static func merge(_ base: FileContent, _ theirs: FileContent, _ mine: FileContent) -> ContentMerge {
        var merged: FileContent
        if mine.digest == theirs.digest {
            merged = theirs
            merged.mtime = first(base.mtime, theirs.mtime, mine.mtime)
        } else if mine.digest == base.digest {
            merged = theirs
        } else if theirs.digest == base.digest {
            merged = mine
        } else {
            return .conflict
        }
        merged.mode = Mode.merge(base: base.mode, theirs: theirs.mode, mine: mine.mode)
        return .combined(.file(merged))
    }

    /// Whoever changed the value has it; if both did, the first.
    private static func first<Value: Equatable>(_ base: Value, _ theirs: Value, _ mine: Value) -> Value {
        theirs != base ? theirs : mine
    }
}
