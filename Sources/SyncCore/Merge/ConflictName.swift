/// `NAME (conflict DATE CLIENT).EXT`: the name of what came second.
package enum ConflictName {
    /// - Parameters:
    ///   - name: the name that was wanted.
    ///   - keepsExtension: true for files, so that `.jpg` still opens as a picture.
    ///   - date: for the reader only, such as `2026-11-21`; no decision depends on it.
    ///   - attempt: 1 for the first try; larger ones add a number, since the name may be taken too.
    /// - Returns: at most 255 bytes; a long stem is cut, between characters where it is UTF-8, never the mark.
    package static func make(
        from name: Name, keepsExtension: Bool, date: String, client: String, attempt: Int
    ) -> Name {
        let number = attempt > 1 ? " \(attempt)" : ""
        let shown = String(decoding: cut(Array(client.utf8), to: longestClient), as: UTF8.self)
        return mark(name, " (conflict \(date) \(shown)\(number))", keepsExtension: keepsExtension)
    }

    /// What the name of a copy says.
    package struct Parts: Hashable, Sendable {
        /// The name that was wanted, unless it was so long that it was cut.
        package var original: Name
        /// As it was given: such as `2026-11-21`.
        package var date: String
        /// Whose the copy is.
        package var client: String
    }

    /// The reverse of ``make(from:keepsExtension:date:client:attempt:)``; nil for a name that it does not make. A name tells
    /// nothing for certain: people may give such names, too.
    package static func parts(of name: Name) -> Parts? {
        let open = Array(" (conflict ".utf8)
        guard let start = name.bytes.lastRange(of: open),
            let end = name.bytes[start.upperBound...].firstIndex(of: UInt8(ascii: ")")),
            case let ending = name.bytes[(end + 1)...], ending.isEmpty || ending.first == UInt8(ascii: "."),
            let original = try? Name(Array(name.bytes[..<start.lowerBound]) + Array(ending))
        else { return nil }
        let mark = name.bytes[start.upperBound..<end]
        let words = mark.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
        guard words.count == 2 || (words.count == 3 && isNumber(words[2])), isDate(words[0]), !words[1].isEmpty else {
            return nil
        }
        return Parts(
            original: original, date: String(decoding: words[0], as: UTF8.self),
            client: String(decoding: words[1], as: UTF8.self))
    }

    private static func isNumber(_ bytes: ArraySlice<UInt8>) -> Bool {
        !bytes.isEmpty && bytes.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }

    private static func isDate(_ bytes: ArraySlice<UInt8>) -> Bool {
        let parts = bytes.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        return parts.map(\.count) == [4, 2, 2] && parts.allSatisfy(isNumber)
    }

    /// A name with a mark before its extension.
    /// - Parameter mark: without slashes and NULs, at most 200 bytes.
    /// - Returns: at most 255 bytes; a long stem is cut.
    package static func mark(_ name: Name, _ mark: String, keepsExtension: Bool) -> Name {
        let mark = Array(mark.utf8)
        var (stem, ending) = split(name.bytes, keepsExtension: keepsExtension)
        let room = Name.limit - mark.count - ending.count
        if stem.count > room {
            stem = cut(stem, to: room)
        }
        // SAFETY: not empty, at most 255 bytes, and neither part holds a slash or NUL since `name` and client names do not.
        return try! Name(stem + mark + ending)
    }

    /// The longest extension that is kept, in bytes with its dot; a longer "extension" is part of the stem.
    private static let longestExtension = 32

    /// How much of a client's name is shown, in bytes, so that there is always room for some of the name that was wanted.
    private static let longestClient = 64

    private static func split(_ bytes: [UInt8], keepsExtension: Bool) -> (stem: [UInt8], ending: [UInt8]) {
        guard keepsExtension, let dot = bytes.lastIndex(of: UInt8(ascii: ".")), dot > 0,
            bytes.count - dot <= longestExtension
        else { return (bytes, []) }
        return (Array(bytes[..<dot]), Array(bytes[dot...]))
    }

    private static func cut(_ stem: [UInt8], to room: Int) -> [UInt8] {
        var end = min(max(room, 0), stem.count)
        // Step back over continuation bytes, so that no character is split (at most three).
        var steps = 0
        while end > 0, end < stem.count, stem[end] & 0xC0 == 0x80, steps < 3 {
            end -= 1
            steps += 1
        }
        return Array(stem[..<end])
    }
}

extension [UInt8] {
    fileprivate func lastRange(of part: [UInt8]) -> Range<Int>? {
        var start = count - part.count
        while start >= 0 {
            if self[start..<start + part.count].elementsEqual(part) { return start..<start + part.count }
            start -= 1
        }
        return nil
    }
}
