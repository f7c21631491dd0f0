import ControlAPI
import Glibc
import SyncCore

/// What a person calls a path, and what the hub calls it. A path is relative to the share; one of the local file system is
/// taken as well when it can only be that, or exists, and lies in the agent's folder (at the hub: in the share).
struct SharePaths {
    let target: Target
    let workingDirectory: [UInt8]?

    /// As it goes over the wire: relative to the share, escaped; empty for the share itself.
    /// - Throws: ``Failure/noSuchThing(_:)`` for a local path that lies elsewhere, ``Failure/wrongUsage(_:)`` for no path.
    func wirePath(_ argument: [UInt8], _ calls: any Calls) throws(Failure) -> String {
        let path = try inTree(argument, calls) ?? argument
        do throws(NameError) {
            return Escaping.text(try RelativePath(bytes: path).bytes)
        } catch {
            throw .wrongUsage("'\(shown(argument))' is not a path in the share: \(error)")
        }
    }

    /// The path below the tree on this machine; nil when it is not of this machine.
    private func inTree(_ argument: [UInt8], _ calls: any Calls) throws(Failure) -> [UInt8]? {
        guard let local = absolute(argument) else { return nil }
        let mustBeLocal = LocalPath.isLocalOnly(argument)
        var status = stat()
        guard mustBeLocal || lstat(cString(local), &status) == 0 else { return nil }
        guard let tree = try tree(calls) else {
            if !mustBeLocal { return nil }
            throw .noSuchThing(
                "'\(shown(argument))' is a local path, and no folder is here; give it relative to the share")
        }
        if let found = LocalPath.relative(local, to: tree.path) {
            if tree.above.isEmpty || found.isEmpty { return tree.above + found }
            return tree.above + [UInt8(ascii: "/")] + found
        }
        if !mustBeLocal { return nil }
        throw .noSuchThing(
            "'\(shown(argument))' is not in \(shown(tree.path)); give one that is, or one relative to the share")
    }

    private func absolute(_ argument: [UInt8]) -> [UInt8]? {
        if argument.first == UInt8(ascii: "/") { return argument }
        return argument.isEmpty ? nil : workingDirectory.map { joined($0, argument) }
    }

    /// The directory on this machine that holds what the share holds, or a part of it: where that part lies in the share.
    private func tree(_ calls: any Calls) throws(Failure) -> (path: [UInt8], above: [UInt8])? {
        let what: String
        if case .hub = target { what = "share" } else { what = "folder" }
        let answer: PathsResponse = try calls.get(.paths)
        func bytes(_ what: String) -> [UInt8]? {
            answer.paths.first { $0.what == what }.map { (try? Escaping.bytes($0.path)) ?? Array($0.path.utf8) }
        }
        return bytes(what).map { ($0, bytes("subtree") ?? []) }
    }
}

/// Paths of the local file system, as bytes.
enum LocalPath {
    /// Absolute, or with `.` or `..` in it: nothing that names a place in the share.
    static func isLocalOnly(_ path: [UInt8]) -> Bool {
        path.first == slash || path.split(separator: slash).contains { $0 == [dot] || $0 == [dot, dot] }
    }

    /// The part of `path` below `directory`, both absolute; empty for the directory itself, nil outside. A symlink on the
    /// way to the directory is no hindrance; one below it is a node like any other and is not followed.
    static func relative(_ path: [UInt8], to directory: [UInt8]) -> [UInt8]? {
        let real = resolved(directory) ?? directory
        let names = normalized(path)
        for candidate in [names, throughParent(names)] {
            for base in [normalized(directory), normalized(real)] where candidate.starts(with: base) {
                return Array(candidate.dropFirst(base.count).joined(separator: [slash]))
            }
        }
        // The directory itself under another name.
        return resolved(path) == real ? [] : nil
    }

    private static let slash = UInt8(ascii: "/")
    private static let dot = UInt8(ascii: ".")

    /// The names on the way, `.` and `..` worked off as text.
    private static func normalized(_ path: [UInt8]) -> [[UInt8]] {
        path.split(separator: slash).reduce(into: []) { names, part in
            if part == [dot, dot] { names = names.dropLast() } else if part != [dot] { names.append(Array(part)) }
        }
    }

    /// The same place with the symlinks above the last name followed.
    private static func throughParent(_ names: [[UInt8]]) -> [[UInt8]] {
        guard let last = names.last else { return names }
        let parent = [slash] + names.dropLast().joined(separator: [slash])
        return normalized(resolved(Array(parent)) ?? Array(parent)) + [last]
    }

    private static func resolved(_ path: [UInt8]) -> [UInt8]? {
        guard let found = realpath(cString(path), nil) else { return nil }
        defer { free(found) }
        return Surroundings.bytes(found)
    }
}
