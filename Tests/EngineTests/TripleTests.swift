import Glibc
import SyncCore
import Testing

@testable import Simulator

/// What one name can be.
private enum Shape: String, CaseIterable {
    case absent = "–"
    case fileA = "file A"
    case fileB = "file B"
    case directory = "directory"
    case symlink = "symlink"

    /// A directory is not empty: what is in it has to go, or to stay, with it.
    func make(_ machine: Machine) throws {
        switch self {
        case .absent: break
        case .fileA: try machine.write("n", "A")
        case .fileB: try machine.write("n", "B")
        case .directory:
            try machine.makeDirectory("n")
            try machine.write("n/in", "in")
        case .symlink: try machine.makeSymlink("n", "target")
        }
    }

    func become(_ next: Shape, _ machine: Machine) throws {
        if self == next { return }
        if [self, next].allSatisfy({ [.fileA, .fileB].contains($0) }) { return try next.make(machine) }
        try machine.delete("n")
        try next.make(machine)
    }
}

/// All that can be at one name before, here and at the hub: 125 triples, and what comes of each. The table lies beside the
/// design documents, where people read it; `SYNC_TRIPLES=write` writes it anew, to be looked at before it is kept.
struct TripleTests {
    private func outcome(_ base: Shape, _ local: Shape, _ remote: Shape, _ course: Meeting.Course) throws -> String {
        let meeting = try Meeting(course) { try base.make($0) }
        try meeting.meet({ try base.become(remote, $0) }, { try base.become(local, $0) })
        // Nothing that was there before or on either side may be gone for good.
        for shape in [base, local, remote] {
            let bytes = [Shape.fileA: "A", .fileB: "B", .directory: "in"][shape]
            guard let bytes else { continue }
            let isThere = meeting.share.contains { $0.hasSuffix("=\(bytes)") }
            #expect(isThere || meeting.versionsHold(bytes), "\(base.rawValue), \(local.rawValue), \(remote.rawValue)")
        }
        return meeting.share.isEmpty ? "–" : meeting.share.map { "`\($0)`" }.joined(separator: ", ")
    }

    private func table() throws -> String {
        var text = """
            # What becomes of one name

            What one name was when both sides agreed (*before*), what it has become on a machine (*here*) and what others
            have made of it meanwhile (*at the hub*, which heard of that first), and what lies in the share and on all
            machines when everything is quiet again. `n=A` is a file with the bytes A, `n/` a directory (which holds the
            file `in`), `n->target` a symlink; `(conflict D u1)` stands for the date and for the machine whose change
            came second. What is no longer there lies in `versions/`.

            A test makes this table by playing each of the 125 cases through two machines and a hub, and compares it with
            this file; it was read line by line when it was last changed.

            | before | here | at the hub | in the end |
            | --- | --- | --- | --- |

            """
        for base in Shape.allCases {
            for local in Shape.allCases {
                for remote in Shape.allCases {
                    let outcome = try outcome(base, local, remote, .away)
                    // Whoever is heard first, the course of events does not matter.
                    for course in [Meeting.Course.live, .answerLost] {
                        #expect(
                            try self.outcome(base, local, remote, course) == outcome,
                            "\(base.rawValue), \(local.rawValue), \(remote.rawValue), \(course)")
                    }
                    text += "| \(base.rawValue) | \(local.rawValue) | \(remote.rawValue) | \(outcome) |\n"
                }
            }
        }
        return text
    }

    @Test func `each of the 125 triples ends as the table says`() throws {
        let file = #filePath.split(separator: "/Tests/")[0] + "/Sources/SyncCore/SyncCore.docc/Triples.md"
        let made = try table()
        if getenv("SYNC_TRIPLES").map({ String(cString: $0) }) == "write" {
            try write(made, to: String(file))
        }
        let kept = try read(String(file))
        let differing = zip(made.split(separator: "\n"), kept.split(separator: "\n")).filter { $0 != $1 }.map(\.0)
        #expect(differing.isEmpty && made == kept, "what is new: \(differing.joined(separator: "\n"))")
    }

    private func read(_ path: String) throws -> String {
        let file = try #require(fopen(path, "r"), "\(path) cannot be read")
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes.prefix(count), as: UTF8.self)
    }

    private func write(_ text: String, to path: String) throws {
        let file = try #require(fopen(path, "w"), "\(path) cannot be written")
        defer { fclose(file) }
        fputs(text, file)
    }
}
