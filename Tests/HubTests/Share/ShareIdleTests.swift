import TestSupport
import Testing

@testable import Hub

/// Which looks at the share give way to everybody else's work with the disk.
struct ShareIdleTests {
    @Test
    func `a look at the whole share waits for an idle disk, and a look at what was just changed does not`()
        throws
    {
        let share = try ShareHub()
        share.makeDirectory("d")
        share.makeDirectory("d/e")
        share.put("old", "d/e/old")
        try share.settled()
        let looks = DiskLooks()
        let root = try looks.root(share.path)
        share.hub.core.inspect { desk in
            desk.store.reopen(root)
            desk.share?.lookAtEverything()
            desk.share?.planTurn()
        }
        // The top and two directories below it.
        try eventually("all of it is listed") { looks.idle(.listing).count >= 3 }
        try share.settled()
        #expect(!looks.idle(.listing).contains(false))

        looks.forget()
        share.put("new", "d/e/new")
        try eventually("it is looked at") { !looks.idle(.asking).isEmpty }
        try share.settled()
        #expect(!looks.idle(.asking).contains(true) && !looks.idle(.listing).contains(true))
    }
}
