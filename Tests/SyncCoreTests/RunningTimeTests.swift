import SyncCore
import Testing

/// The time by which things are thrown away.
struct RunningTimeTests {
    @Test func `it goes on where it was, in whole seconds, and never back`() {
        let time = RunningTime(kept: 100, uptime: 7_000_000_000)
        #expect(time.moment(at: 7_000_000_000) == 100)
        #expect(time.moment(at: 7_999_999_999) == 100)
        #expect(time.moment(at: 8_000_000_000) == 101)
        #expect(time.moment(at: 0) == 100)
        #expect(RunningTime(kept: time.moment(at: 20_000_000_000), uptime: 3).moment(at: 3) == 113)
    }

    @Test func `what no record can mean stops nothing`() {
        #expect(RunningTime(kept: -5, uptime: 0).moment(at: 0) == 0)
        let last = RunningTime(kept: .max, uptime: .min / 2).moment(at: .max / 2)
        #expect(last > 0 && last < .max / 2)
    }
}

/// What has lain somewhere for how long.
struct AgesTests {
    private let a = RelativePath([try! Name("a")])  // SAFETY: a name.
    private let b = RelativePath([try! Name("b")])  // SAFETY: a name.

    private func stamp(_ inode: UInt64, size: Int64 = 1, ctime: Nanoseconds = 1) -> Ages.Stamp {
        Ages.Stamp(inode: inode, size: size, ctime: ctime)
    }

    @Test func `each thing counts from when it was found, and is forgotten when it has gone`() {
        var ages = Ages()
        ages.meet([a: stamp(1)], at: 100)
        ages.meet([a: stamp(1), b: stamp(2)], at: 150)
        #expect(ages.lying(for: 60, at: 159) == [:])
        #expect(ages.lying(for: 60, at: 160) == [a: stamp(1)])
        #expect(ages.lying(for: 60, at: 210) == [a: stamp(1), b: stamp(2)])
        ages.meet([b: stamp(2)], at: 300)
        #expect(ages.lying(for: 0, at: 300) == [b: stamp(2)])
        ages.forget(b)
        #expect(ages.records.isEmpty)
    }

    @Test(arguments: [
        Ages.Stamp(inode: 2, size: 1, ctime: 1), Ages.Stamp(inode: 1, size: 2, ctime: 1),
        Ages.Stamp(inode: 1, size: 1, ctime: 0),
    ])
    func `what was touched counts anew, whichever way its clock went`(other: Ages.Stamp) {
        var ages = Ages()
        ages.meet([a: stamp(1)], at: 100)
        ages.meet([a: other], at: 150)
        #expect(ages.records[a] == Ages.Record(stamp: other, since: 150))
    }

    @Test func `what is on record for later than now is kept`() {
        var ages = Ages([a: Ages.Record(stamp: stamp(1), since: 500)])
        ages.meet([a: stamp(1)], at: 100)
        #expect(ages.lying(for: 60, at: 100) == [:])
        #expect(ages.lying(for: 60, at: 560) == [a: stamp(1)])
    }
}
