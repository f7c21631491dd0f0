import ControlAPI
import Glibc
import Processes
import SyncCore
import TestSupport
import Testing

/// The merge table of DESIGN §3, row by row, on disks: the same rows that the rules and the journal are tested with.
@Suite(.fleet)
struct MergeTests {
    static let rows = mergeTable.indices

    @Test func `both agents and the share are equal afterwards`() throws {
        for batch in [MergeBatch.live, MergeBatch.offline] { #expect(try batch.get().failure == nil) }
    }

    @Test(arguments: rows)
    func `changes that meet while both agents run end as the table says`(row: Int) throws {
        try MergeBatch.live.get().check(row)
    }

    @Test(arguments: rows)
    func `changes that meet while one agent is stopped end as the table says`(row: Int) throws {
        try MergeBatch.offline.get().check(row)
    }

    @Test func `changes that race lose no bytes and end in equal trees`() throws {
        try withFleet { fleet in
            try MergeBatch.setUp(fleet)
            try fleet.hub.ctl("pause", "--all").expectDone()
            try MergeBatch.play(\.ann, in: fleet["ann"].folder)
            try MergeBatch.play(\.bea, in: fleet["bea"].folder)
            let written = Set(
                (fleet["ann"].folder.image().values.map { $0 } + fleet["bea"].folder.image().values).compactMap(digest))
            try fleet.hub.ctl("resume", "--all").expectDone()
            try fleet.expectSame()
            let versions = FleetFolder(fleet.hub.root + "/versions").image().values.compactMap(digest)
            let kept = Set(fleet["ann"].folder.image().values.compactMap(digest)).union(versions)
            #expect(written.subtracting(kept).isEmpty)
        }
    }

    private func digest(_ item: FleetFolder.Item) -> [UInt8]? {
        if case .file(let digest, _, _, _) = item { digest } else { nil }
    }
}

/// All rows of the table in one fleet, each in a directory of its own.
private struct MergeBatch {
    /// What is in each row's directory afterwards.
    let found: [[String: String]]
    let date: String
    /// Why trees were not equal in the end.
    let failure: String?

    /// Both run; their changes meet because both are paused while they are made. Ann's come first.
    static let live = Result {
        try made { fleet in
            try fleet.hub.ctl("pause", "--all").expectDone()
            try play(\.ann, in: fleet["ann"].folder)
            try play(\.bea, in: fleet["bea"].folder)
            try fleet.hub.ctl("resume", "ann").expectDone()
            try fleet.wait(on: ["ann"])
            try fleet.hub.ctl("resume", "bea").expectDone()
        }
    }

    /// Bea is stopped meanwhile.
    static let offline = Result {
        try made { fleet in
            try fleet["bea"].stop()
            try play(\.ann, in: fleet["ann"].folder)
            try play(\.bea, in: fleet["bea"].folder)
            try fleet.wait(on: ["ann"])
            try fleet["bea"].start()
        }
    }

    /// The names of copies have the day in them, and some rows a copy from before: all of it has to be of one day.
    private static func made(_ meet: (Fleet) throws -> Void) throws -> MergeBatch {
        while true {
            let day = today
            let batch = try madeOnce(meet)
            if day == today { return batch }
        }
    }

    private static func madeOnce(_ meet: (Fleet) throws -> Void) throws -> MergeBatch {
        var batch: MergeBatch?
        try withFleet { fleet in
            try setUp(fleet)
            try meet(fleet)
            var failure: String?
            do { try fleet.expectSame(seconds: 20) } catch {
                failure = "\(error)"
                print("\(error)\n\(fleet.logs)")
            }
            let date = try fleet.hub.conflicts().first.map { String($0.at.prefix(10)) } ?? ""
            batch = MergeBatch(
                found: mergeTable.indices.map { describe(fleet["bea"].folder, row: $0) }, date: date, failure: failure)
        }
        return batch!  // SAFETY: set, or an error was thrown.
    }

    static func setUp(_ fleet: Fleet) throws {
        for row in mergeTable.indices { try fleet["ann"].folder.makeDirectories("\(row)") }
        try play(\.tree, in: fleet["ann"].folder)
        try fleet.expectSame()
    }

    static func play(_ part: KeyPath<MergeCase, [Deed]>, in folder: FleetFolder) throws {
        for (row, merge) in mergeTable.enumerated() {
            for deed in merge[keyPath: part] { try folder.do(deed.dated(today), below: "\(row)") }
        }
    }

    /// The hub's, which is UTC's.
    private static var today: String {
        var (now, fields) = (time(nil), tm())
        gmtime_r(&now, &fields)
        let (month, day) = (String(fields.tm_mon + 101).dropFirst(), String(fields.tm_mday + 100).dropFirst())
        return "\(fields.tm_year + 1900)-\(month)-\(day)"
    }

    /// As the table writes it.
    private static func describe(_ folder: FleetFolder, row: Int) -> [String: String] {
        var found: [String: String] = [:]
        for (path, item) in folder.image(of: "\(row)") {
            let text = folder.text("\(row)/\(path)") ?? ""
            found[path.description] =
                switch item {
                case .file(_, _, let mode, let mtime):
                    text + (mode == 0o644 ? "" : " 0" + String(mode, radix: 8))
                        + (mtime >= FleetFolder.usualTime ? "" : " @\(mtime)")
                case .directory(let mode): "/" + (mode == 0o755 ? "" : " 0" + String(mode, radix: 8))
                case .symlink(let target, _): "-> " + String(decoding: target, as: UTF8.self)
                case .other: "other"
                }
        }
        return found
    }

    func check(_ row: Int) throws {
        let merge = mergeTable[row]
        let expected = (MergeBatch.seenFromTheDisk[merge.name] ?? merge.result).map { path, text in
            (path.dated(date), text)
        }
        #expect(found[row] == Dictionary(uniqueKeysWithValues: expected), "\(merge.name)")
    }

    /// An agent tells where things have come to, not the way that they took: what was moved about before it was deleted was just deleted.
    private static let seenFromTheDisk: [String: [String: String]] = [
        "deletion of a directory that holds something": [:],
        "a move into a directory that was moved into this one and deleted": ["x": "/", "x/y": "/"],
        "file moved into a directory and all deleted / edit": ["f.txt": "1"],
    ]
}

extension FleetFolder {
    /// Times from here on are not part of what a test looks at.
    fileprivate static let usualTime: Int64 = 1_000_000_000_000_000_000
    private static let clock = Monitor(usualTime)

    /// Does to the disk what a deed says. Each writing gives a time of its own: a new file may get the inode of one that was just
    /// deleted, and is the same file if size and time are the same, too.
    fileprivate func `do`(_ deed: Deed, below directory: String) throws {
        func at(_ path: String) -> FleetPath { FleetPath("\(directory)/\(path)") }
        switch deed {
        case .file(let path, let text), .edit(let path, let text):
            try write(text, to: at(path))
            try setTime(
                at(path),
                FleetFolder.clock.withLock { time in
                    time += 1_000_000_000
                    return time
                })
        case .directory(let path): try makeDirectories(at(path))
        case .link(let path, let target): try makeSymlink(at(path), to: FleetPath(target))
        case .chmod(let path, let mode): try setMode(at(path), mode_t(mode))
        case .touch(let path, let time): try setTime(at(path), time)
        case .retarget(let path, let target):
            try remove(at(path))
            try makeSymlink(at(path), to: FleetPath(target))
        case .move(let path, let other): try rename(at(path), to: at(other))
        case .delete(let path): try remove(at(path))
        }
    }
}

extension String {
    /// The table's day is another one.
    fileprivate func dated(_ date: String) -> String {
        split(separator: "2026-11-21", omittingEmptySubsequences: false).joined(separator: date)
    }
}

extension Deed {
    /// See ``Swift/String/dated(_:)``.
    fileprivate func dated(_ date: String) -> Deed {
        switch self {
        case .file(let name, let text): .file(name.dated(date), text)
        case .directory(let name): .directory(name.dated(date))
        case .link(let name, let target): .link(name.dated(date), to: target)
        case .edit(let name, let text): .edit(name.dated(date), text)
        case .chmod(let name, let mode): .chmod(name.dated(date), mode)
        case .touch(let name, let time): .touch(name.dated(date), time)
        case .retarget(let name, let target): .retarget(name.dated(date), target)
        case .move(let name, let new): .move(name.dated(date), to: new.dated(date))
        case .delete(let name): .delete(name.dated(date))
        }
    }
}
