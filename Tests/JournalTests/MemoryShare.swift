import Journal
import SyncCore
import TestSupport

/// The share as placements leave it, strict about each step: what must be there is there, what must be free is free.
struct MemoryShare {
    private(set) var entries: [RelativePath: Content] = [:]

    struct Broken: Error, CustomStringConvertible {
        let description: String
    }

    mutating func run(_ placement: Placement) throws {
        switch placement.step {
        case .file(let path, let file, _): try put(.file(file), at: path, placement)
        case .symlink(let path, let target, let mtime):
            try put(.symlink(target: target, mtime: mtime), at: path, placement)
        case .directory(let path, let mode): try put(.directory(mode), at: path, placement)
        case .attributes(let path, let content):
            try require(entries[path]?.hasSameBytes(as: content) == true, "other bytes", placement)
            try require(entries[path] == placement.expected?.content, "not as expected", placement)
            entries[path] = content
        case .move(let from, let to):
            try require(entries[from] == placement.expected?.content, "not as expected", placement)
            try require(entries[to] == nil && isDirectory(to.parent), "no place", placement)
            for (path, content) in entries where from.contains(path) {
                entries[path] = nil
                entries[RelativePath(to.names + path.names.dropFirst(from.names.count))] = content
            }
        case .remove(let path):
            try require(entries[path] == placement.expected?.content, "not as expected", placement)
            try require(entries.keys.filter(path.contains).count == 1, "not empty", placement)
            entries[path] = nil
        }
    }

    private mutating func put(_ content: Content, at path: RelativePath, _ placement: Placement) throws {
        try require(entries[path] == placement.expected?.content, "not as expected", placement)
        try require(isDirectory(path.parent), "no directory", placement)
        entries[path] = content
    }

    private func isDirectory(_ path: RelativePath) -> Bool { path.isTop || entries[path]?.isDirectory == true }

    private func require(_ holds: Bool, _ what: String, _ placement: Placement) throws {
        if !holds { throw Broken(description: "\(what): \(placement) in \(entries.keys.sorted())") }
    }
}

extension Placement.Step {
    /// Of a move: from where.
    var path: RelativePath {
        switch self {
        case .file(let path, _, _), .attributes(let path, _), .directory(let path, _), .symlink(let path, _, _),
            .move(let path, _), .remove(let path):
            path
        }
    }
}
