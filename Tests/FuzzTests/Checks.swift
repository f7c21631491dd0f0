import SyncCore

// What holds of values that were taken.

func check(_ name: Name) throws {
    try promise((1...Name.limit).contains(name.bytes.count), "a name of \(name.bytes.count) bytes")
    try promise(!name.bytes.contains(0) && !name.bytes.contains(UInt8(ascii: "/")), "\(name) is no name")
    try promise(name.bytes != Array(".".utf8) && name.bytes != Array("..".utf8), "\(name) leads away")
    try promise(try Name(Escaping.bytes(Escaping.text(name.bytes))) == name, "\(name) is not what is written of it")
}

func check(_ path: RelativePath) throws {
    for name in path.names { try check(name) }
    try promise(try RelativePath(bytes: path.bytes) == path, "\(path) is not what is written of it")
    try promise(path.parent.contains(path), "\(path) is not below what it is in")
}

func check(_ content: Content) throws {
    if let file = content.file { try promise(file.size >= 0, "a file of \(file.size) bytes") }
    guard let mode = content.mode else { return }
    try promise(mode.rawValue <= 0o777, "more than permission bits")
    guard let extras = mode.extras else { return }
    try promise(extras.size <= Extras.largest, "\(extras.size) bytes of extras")
    try promise(Extras(bytes: extras.bytes) == extras, "extras are not what is written of them")
}

/// It lies in its content, and its ranges in theirs.
func check(_ recipe: Recipe) throws {
    var position: Int64 = 0
    var new: [Range<Int64>] = []
    for piece in recipe.pieces {
        try promise(piece.length > 0, "a range of nothing")
        let (end, isTooFar) = position.addingReportingOverflow(piece.length)
        try promise(!isTooFar, "a range beyond any content")
        switch piece {
        case .new: new.append(position..<end)
        case .copy(let base, let offset, let length):
            try promise(recipe.bases.indices.contains(base) && offset >= 0, "a range of nothing that is there")
            try promise(!offset.addingReportingOverflow(length).overflow, "a range beyond any base")
        }
        position = end
    }
    try promise(position == recipe.size, "\(position) bytes of \(recipe.size)")
    try promise(new == recipe.newRanges, "new bytes are elsewhere")
    try promise(new.reduce(0) { $0 + Int64($1.count) } == recipe.newBytes, "more new bytes than there are")
    try promise(Recipe(encoded: recipe.encoded) == recipe, "a recipe is not what is written of it")
    try promise(try Recipe(bases: recipe.bases, numbers: recipe.numbers) == recipe, "other numbers")
}

/// A list of chunks is one of the size that they have together, and of no other.
func checkChunks(_ bytes: [UInt8]) throws {
    var size: Int64 = 0
    for at in stride(from: 2, to: bytes.count - 3, by: 20) {
        size += (0..<4).reduce(0) { $0 | Int64(bytes[at + $1]) << (8 * $1) }
    }
    try promise(ChunkList(encoded: bytes, size: size + 1) == nil, "chunks of a content of another size")
    guard let list = ChunkList(encoded: bytes, size: size) else { return }
    try promise(list.size == size && list.encoded == bytes, "a list is not what is written of it")
    try promise(list.samples.count <= 256, "\(list.samples.count) samples")
}

/// What is written of a timetable is one that says the same, at minutes from all of a day.
func checkTimetable(_ text: String) throws {
    guard let table = try? Timetable(text) else { return }
    let again = try Timetable("\(table)")
    for minute in stride(from: 0, to: 1_440, by: 7) {
        try promise(table.rate(at: minute) == again.rate(at: minute), "'\(text)' became '\(table)'")
    }
}
