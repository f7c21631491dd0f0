import SyncCore
@testable import Simulator
import Testing

/// The table of DESIGN §3, row by row, through two engines and the journal.
struct MergeTableTests {
    typealias Course = Meeting.Course

    @Test(arguments: Course.allCases)
    func `the same edit on both sides is no conflict`(course: Course) throws {
        let meeting = try Meeting(course) { try $0.write("f", "old") }
        try meeting.meet({ try $0.write("f", "new") }, { try $0.write("f", "new") })
        #expect(meeting.share == ["f=new"])
        #expect(try meeting.conflicts == 0)
    }

    @Test(arguments: Course.allCases)
    func `of two different edits the first keeps the name and the second lives beside it`(course: Course) throws {
        let meeting = try Meeting(course) { try $0.write("f.txt", "old") }
        try meeting.meet({ try $0.write("f.txt", "one") }, { try $0.write("f.txt", "two") })
        let isReversed = course == .liveReversed
        #expect(
            meeting.share == [
                "f (conflict D \(isReversed ? "u0" : "u1")).txt=\(isReversed ? "one" : "two")",
                "f.txt=\(isReversed ? "two" : "one")",
            ])
        #expect(try meeting.conflicts == 1)
        #expect(meeting.versionsHold("old"))
    }

    @Test(arguments: Course.allCases)
    func `a deletion loses to an edit`(course: Course) throws {
        let meeting = try Meeting(course) { try $0.write("f", "old") }
        try meeting.meet({ try $0.delete("f") }, { try $0.write("f", "new") })
        #expect(meeting.share == ["f=new"])
        let other = try Meeting(course) { try $0.write("f", "old") }
        try other.meet({ try $0.write("f", "new") }, { try $0.delete("f") })
        #expect(other.share == ["f=new"])
    }

    @Test(arguments: Course.allCases)
    func `an edit and a move both apply`(course: Course) throws {
        let meeting = try Meeting(course) { try $0.write("f", "old") }
        try meeting.meet({ try $0.write("f", "new") }, { try $0.move("f", "g") })
        #expect(meeting.share == ["g=new"])
        #expect(try meeting.conflicts == 0)
    }

    @Test(arguments: Course.allCases)
    func `an edit below a directory that moves lands where the directory went`(course: Course) throws {
        let meeting = try Meeting(course) {
            try $0.makeDirectory("d")
            try $0.write("d/f", "old")
        }
        try meeting.meet({ try $0.move("d", "e") }, { try $0.write("d/f", "new") })
        #expect(meeting.share == ["e/", "e/f=new"])
    }

    @Test(arguments: Course.allCases)
    func `of two moves the first wins and no copy is made`(course: Course) throws {
        let meeting = try Meeting(course) { try $0.write("f", "same") }
        try meeting.meet({ try $0.move("f", "g") }, { try $0.move("f", "h") })
        #expect(meeting.share == [course == .liveReversed ? "h=same" : "g=same"])
        #expect(try meeting.conflicts == 0)
    }

    @Test(arguments: Course.allCases)
    func `the same new file on both sides becomes one`(course: Course) throws {
        let meeting = try Meeting(course) { _ in }
        try meeting.meet({ try $0.write("f", "same") }, { try $0.write("f", "same") })
        #expect(meeting.share == ["f=same"])
        #expect(try meeting.conflicts == 0)
    }

    @Test(arguments: Course.allCases)
    func `directories of one name become one with what is in both`(course: Course) throws {
        let meeting = try Meeting(course) { _ in }
        try meeting.meet(
            {
                try $0.makeDirectory("d")
                try $0.write("d/one", "1")
            },
            {
                try $0.makeDirectory("d")
                try $0.write("d/two", "2")
            })
        #expect(meeting.share == ["d/", "d/one=1", "d/two=2"])
        #expect(try meeting.conflicts == 0)
    }

    @Test(arguments: Course.allCases)
    func `different new files of one name both stay`(course: Course) throws {
        let meeting = try Meeting(course) { _ in }
        try meeting.meet({ try $0.write("f", "one") }, { try $0.write("f", "two") })
        #expect(meeting.share.count == 2)
        #expect(meeting.share.contains("f=\(course == .liveReversed ? "two" : "one")"))
        #expect(try meeting.conflicts == 1)
    }

    @Test(arguments: Course.allCases)
    func `a new file keeps its directory from being deleted, the rest goes`(course: Course) throws {
        let meeting = try Meeting(course) {
            try $0.makeDirectory("d")
            try $0.write("d/old", "old")
        }
        try meeting.meet({ try $0.delete("d") }, { try $0.write("d/new", "new") })
        #expect(meeting.share == ["d/", "d/new=new"])
        #expect(meeting.versionsHold("old"))
    }

    @Test(arguments: Course.allCases)
    func `of two moves that make a cycle the second is refused`(course: Course) throws {
        let meeting = try Meeting(course) {
            try $0.makeDirectory("a")
            try $0.makeDirectory("b")
            try $0.write("a/f", "f")
        }
        try meeting.meet({ try $0.move("a", "b/a") }, { try $0.move("b", "a/b") })
        #expect(meeting.share == (course == .liveReversed ? ["a/", "a/b/", "a/f=f"] : ["b/", "b/a/", "b/a/f=f"]))
    }

    @Test(arguments: Course.allCases)
    func `a file and a directory of one name both stay`(course: Course) throws {
        let meeting = try Meeting(course) { _ in }
        try meeting.meet(
            { try $0.write("x", "file") },
            {
                try $0.makeDirectory("x")
                try $0.write("x/f", "f")
            })
        #expect(
            Set(meeting.share)
                == (course == .liveReversed
                    ? ["x/", "x (conflict D u0)=file", "x/f=f"]
                    : ["x=file", "x (conflict D u1)/", "x (conflict D u1)/f=f"]))
    }

    @Test(arguments: Course.allCases)
    func `a directory that was moved to a name where the same directory was made anew becomes one with it`(
        course: Course
    ) throws {
        let meeting = try Meeting(course) {
            try $0.makeDirectory("d")
            try $0.write("d/f", "theirs")
        }
        try meeting.meet(
            { try $0.move("d", "e") },
            {
                try $0.makeDirectory("e")
                try $0.write("e/f", "mine")
                try $0.write("e/g", "new")
            })
        let files = Set(
            meeting.share.filter { !$0.hasSuffix("/") }.map { $0.split(separator: "=").last.map(String.init) ?? "" })
        #expect(files == ["theirs", "mine", "new"])
    }

    @Test(arguments: Course.allCases)
    func `a directory that was deleted and made anew takes what another had put into it`(course: Course) throws {
        let meeting = try Meeting(course) {
            try $0.makeDirectory("d")
            try $0.write("d/f", "old")
        }
        try meeting.meet(
            {
                try $0.delete("d")
                try $0.write("x", "between")
                try $0.makeDirectory("d")
            }, { try $0.write("d/g", "new") })
        #expect(Set(meeting.share) == ["d/", "d/g=new", "x=between"])
    }
}
