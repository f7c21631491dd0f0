import SyncCore

/// One row of the table in DESIGN §3: two members who know the same tree do something, one after the other at the hub.
package struct MergeCase: Sendable, CustomStringConvertible {
    package let name: String
    package let tree: [Deed]
    /// Ann's come first.
    package let ann: [Deed]
    /// Bea has not seen what Ann did.
    package let bea: [Deed]
    /// To Bea's last deed.
    package let answer: String
    /// What lives afterwards, by path.
    package let result: [String: String]

    package var description: String { name }

    init(
        _ name: String, tree: [Deed] = [], ann: [Deed], bea: [Deed], _ answer: String, _ result: [String: String]
    ) {
        self.name = name
        self.tree = tree
        self.ann = ann
        self.bea = bea
        self.answer = answer
        self.result = result
    }

    /// Plays it.
    package func play(at hub: some MergingHub) throws -> (answer: String, result: [String: String]) {
        var both = try Member("both", at: hub)
        for deed in tree { _ = try both.do(deed) }
        var annAtHub = try Member("ann", at: hub)
        var beaAtHub = try Member("bea", at: hub)
        for deed in ann { _ = try annAtHub.do(deed) }
        let outcomes = try bea.map { try beaAtHub.do($0) }
        let live = try hub.live().map { ("\($0.key)", Text.describe($0.value.content)) }
        return (Text.word(outcomes.last!), Dictionary(uniqueKeysWithValues: live))
    }
}

/// What happens when changes meet: the rule, row by row.
package let mergeTable: [MergeCase] = contentCases + deletionCases + placeCases + nameCases

private let file: [Deed] = [.file("f.txt", "0")]
private let beasCopy = "f (conflict 2026-11-21 bea).txt"

private let contentCases = [
    MergeCase(
        "edit / edit, same bytes", tree: file, ann: [.edit("f.txt", "1")], bea: [.edit("f.txt", "1")], "merged",
        ["f.txt": "1"]),
    MergeCase(
        "edit / edit, different bytes", tree: file, ann: [.edit("f.txt", "1")], bea: [.edit("f.txt", "2")],
        "conflict", ["f.txt": "1", beasCopy: "2"]),
    MergeCase(
        "edit / edit twice: the second copy has a name of its own", tree: file + [.file(beasCopy, "x")],
        ann: [.edit("f.txt", "1")], bea: [.edit("f.txt", "2")], "conflict",
        ["f.txt": "1", beasCopy: "x", "f (conflict 2026-11-21 bea 2).txt": "2"]),
    MergeCase(
        "edit there and back / edit: the first's bytes are as they were, so the second fits", tree: file,
        ann: [.edit("f.txt", "1"), .edit("f.txt", "0")], bea: [.edit("f.txt", "2")], "applied", ["f.txt": "2"]),
    MergeCase(
        "mode / edit", tree: file, ann: [.chmod("f.txt", 0o600)], bea: [.edit("f.txt", "2")], "merged",
        ["f.txt": "2 0600"]),
    MergeCase(
        "edit / mode", tree: file, ann: [.edit("f.txt", "1")], bea: [.chmod("f.txt", 0o600)], "merged",
        ["f.txt": "1 0600"]),
    MergeCase(
        "mode / mode: the first has it", tree: file, ann: [.chmod("f.txt", 0o600)], bea: [.chmod("f.txt", 0o755)],
        "merged", ["f.txt": "0 0600"]),
    MergeCase(
        "mode / mtime", tree: file, ann: [.chmod("f.txt", 0o600)], bea: [.touch("f.txt", 7)], "merged",
        ["f.txt": "0 0600 @7"]),
    MergeCase(
        "mtime / mtime: the first has it", tree: file, ann: [.touch("f.txt", 5)], bea: [.touch("f.txt", 7)],
        "merged", ["f.txt": "0 @5"]),
    MergeCase(
        "mode / mode of a directory: the first has it", tree: [.directory("d")], ann: [.chmod("d", 0o700)],
        bea: [.chmod("d", 0o750)], "merged", ["d": "/ 0700"]),
    MergeCase(
        "link / link, same target", tree: [.link("l", to: "a")], ann: [.retarget("l", "b")],
        bea: [.retarget("l", "b")], "merged", ["l": "-> b"]),
    MergeCase(
        "link / link, different targets", tree: [.link("l", to: "a")], ann: [.retarget("l", "b")],
        bea: [.retarget("l", "c")], "conflict", ["l": "-> b", "l (conflict 2026-11-21 bea)": "-> c"]),
]

private let deletionCases = [
    MergeCase(
        "edit / delete", tree: file, ann: [.edit("f.txt", "1")], bea: [.delete("f.txt")], "refused changed",
        ["f.txt": "1"]),
    MergeCase(
        "delete / edit", tree: file, ann: [.delete("f.txt")], bea: [.edit("f.txt", "1")], "applied",
        ["f.txt": "1"]),
    MergeCase("delete / delete", tree: file, ann: [.delete("f.txt")], bea: [.delete("f.txt")], "merged", [:]),
    MergeCase(
        "mode / delete", tree: file, ann: [.chmod("f.txt", 0o600)], bea: [.delete("f.txt")], "refused changed",
        ["f.txt": "0 0600"]),
    MergeCase(
        "move / delete", tree: file, ann: [.move("f.txt", to: "g.txt")], bea: [.delete("f.txt")],
        "refused changed", ["g.txt": "0"]),
    MergeCase(
        "delete / move", tree: file, ann: [.delete("f.txt")], bea: [.move("f.txt", to: "g.txt")], "applied",
        ["g.txt": "0"]),
    MergeCase(
        "delete and make anew / edit: both stay", tree: file, ann: [.delete("f.txt"), .file("f.txt", "new")],
        bea: [.edit("f.txt", "1")], "conflict", ["f.txt": "new", beasCopy: "1"]),
    MergeCase(
        "delete and make anew / edit, same bytes", tree: file, ann: [.delete("f.txt"), .file("f.txt", "1")],
        bea: [.edit("f.txt", "1")], "merged", ["f.txt": "1"]),
    MergeCase(
        "deletion of a directory that holds something", tree: [.directory("d"), .file("d/a", "0")], ann: [],
        bea: [.delete("d")], "refused notEmpty", ["d": "/", "d/a": "0"]),
    MergeCase(
        "directory delete / new file inside",
        tree: [.directory("d"), .file("d/old", "0")], ann: [.delete("d/old"), .delete("d")],
        bea: [.file("d/new", "1")], "applied", ["d": "/", "d/new": "1"]),
    MergeCase(
        "new file inside / directory delete",
        tree: [.directory("d"), .file("d/old", "0")], ann: [.file("d/new", "1")],
        bea: [.delete("d/old"), .delete("d")], "refused notEmpty", ["d": "/", "d/new": "1"]),
    MergeCase(
        "three directories deleted / new file in the innermost",
        tree: [.directory("a"), .directory("a/b"), .directory("a/b/c"), .file("a/x", "0")],
        ann: [.delete("a/x"), .delete("a/b/c"), .delete("a/b"), .delete("a")], bea: [.file("a/b/c/new", "1")],
        "applied", ["a": "/", "a/b": "/", "a/b/c": "/", "a/b/c/new": "1"]),
    MergeCase(
        "directory delete / edit inside", tree: [.directory("d"), .file("d/f", "0"), .file("d/g", "0")],
        ann: [.delete("d/f"), .delete("d/g"), .delete("d")], bea: [.edit("d/f", "1")], "applied",
        ["d": "/", "d/f": "1"]),
    MergeCase(
        "directory delete / move into it", tree: file + [.directory("d")], ann: [.delete("d")],
        bea: [.move("f.txt", to: "d/f.txt")], "applied", ["d": "/", "d/f.txt": "0"]),
    MergeCase(
        "directory deleted and made anew / new file inside: into the new one", tree: [.directory("d")],
        ann: [.delete("d"), .directory("d"), .file("d/x", "0")], bea: [.file("d/new", "1")], "applied",
        ["d": "/", "d/x": "0", "d/new": "1"]),
    MergeCase(
        "directory deleted, a file in its place / new file inside", tree: [.directory("d")],
        ann: [.delete("d"), .file("d", "0")], bea: [.file("d/new", "1")], "applied",
        ["d": "0", "d (conflict 2026-11-21 bea)": "/", "d (conflict 2026-11-21 bea)/new": "1"]),
    MergeCase(
        "file moved into a directory and all deleted / edit", tree: file + [.directory("d")],
        ann: [.move("f.txt", to: "d/f.txt"), .delete("d/f.txt"), .delete("d")], bea: [.edit("f.txt", "1")],
        "applied", ["d": "/", "d/f.txt": "1"]),
]

private let twoDirectories: [Deed] = [.directory("x"), .directory("y")]

private let placeCases = [
    MergeCase(
        "edit / move", tree: file, ann: [.edit("f.txt", "1")], bea: [.move("f.txt", to: "g.txt")], "applied",
        ["g.txt": "1"]),
    MergeCase(
        "move / edit", tree: file, ann: [.move("f.txt", to: "g.txt")], bea: [.edit("f.txt", "1")], "applied",
        ["g.txt": "1"]),
    MergeCase(
        "directory moved / edit inside", tree: [.directory("d"), .file("d/f", "0")], ann: [.move("d", to: "e")],
        bea: [.edit("d/f", "1")], "applied", ["e": "/", "e/f": "1"]),
    MergeCase(
        "directory moved / new file inside", tree: [.directory("d")], ann: [.move("d", to: "e")],
        bea: [.file("d/f", "1")], "applied", ["e": "/", "e/f": "1"]),
    MergeCase(
        "move / move", tree: file, ann: [.move("f.txt", to: "g.txt")], bea: [.move("f.txt", to: "h.txt")],
        "refused moved", ["g.txt": "0"]),
    MergeCase(
        "move / move to the same place", tree: file, ann: [.move("f.txt", to: "g.txt")],
        bea: [.move("f.txt", to: "g.txt")], "merged", ["g.txt": "0"]),
    MergeCase(
        "directory into its own descendant by two moves", tree: twoDirectories, ann: [.move("x", to: "y/x")],
        bea: [.move("y", to: "x/y")], "refused cycle", ["y": "/", "y/x": "/"]),
    MergeCase(
        "the same, further apart", tree: twoDirectories + [.directory("x/1"), .directory("y/2")],
        ann: [.move("x", to: "y/2/x")], bea: [.move("y", to: "x/1/y")], "refused cycle",
        ["y": "/", "y/2": "/", "y/2/x": "/", "y/2/x/1": "/"]),
    MergeCase(
        "a move into a directory that was moved into this one and deleted", tree: twoDirectories,
        ann: [.move("x", to: "y/x"), .delete("y/x")], bea: [.move("y", to: "x/y")], "refused cycle", ["y": "/"]),
    MergeCase(
        "create / move onto the name", tree: file, ann: [.file("g.txt", "1")], bea: [.move("f.txt", to: "g.txt")],
        "applied", ["g.txt": "1", "g (conflict 2026-11-21 bea).txt": "0"]),
    MergeCase(
        "move onto a name / create", tree: file, ann: [.move("f.txt", to: "g.txt")], bea: [.file("g.txt", "1")],
        "conflict", ["g.txt": "0", "g (conflict 2026-11-21 bea).txt": "1"]),
    MergeCase(
        "two directories moved onto one name", tree: twoDirectories, ann: [.move("x", to: "z.d")],
        bea: [.move("y", to: "z.d")], "applied", ["z.d": "/", "z.d (conflict 2026-11-21 bea)": "/"]),
]

private let nameCases = [
    MergeCase(
        "create / create, same bytes", ann: [.file("f.txt", "1")], bea: [.file("f.txt", "1")], "merged",
        ["f.txt": "1"]),
    MergeCase(
        "create / create, different bytes", ann: [.file("f.txt", "1")], bea: [.file("f.txt", "2")], "conflict",
        ["f.txt": "1", beasCopy: "2"]),
    MergeCase(
        "create / create, both directories", ann: [.directory("d"), .file("d/a", "1")],
        bea: [.directory("d"), .file("d/b", "2")], "applied", ["d": "/", "d/a": "1", "d/b": "2"]),
    MergeCase(
        "directory / file at one name", ann: [.directory("n")], bea: [.file("n", "2")], "conflict",
        ["n": "/", "n (conflict 2026-11-21 bea)": "2"]),
    MergeCase(
        "file / directory at one name: what is in the directory goes with it", ann: [.file("n.d", "1")],
        bea: [.directory("n.d"), .file("n.d/x", "2")], "applied",
        ["n.d": "1", "n.d (conflict 2026-11-21 bea)": "/", "n.d (conflict 2026-11-21 bea)/x": "2"]),
    MergeCase(
        "file / link at one name", ann: [.file("n", "1")], bea: [.link("n", to: "x")], "conflict",
        ["n": "1", "n (conflict 2026-11-21 bea)": "-> x"]),
]
