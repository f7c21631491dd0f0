import Glibc
import TestSupport
import Testing

@testable import Agent

/// Which looks at a folder give way to everybody else's work with the disk.
@Suite struct IdleLookTests {
    private let directory = TemporaryDirectory()

    @Test func `a look at everything waits for an idle disk, and a look at what was just changed does not`()
        throws
    {
        for name in ["folder", "folder/d", "folder/d/e"] { try Files.makeDirectories(directory.path(name)) }
        try FolderMarker.write(folder: directory.path("folder"), of: AgentLayout(home: directory.path("")))
        directory.write("old", to: "folder/d/e/old")
        let worker = try FolderWorker(
            folder: directory.path("folder"), standIn: directory.path("absent"), index: directory.path("index.db"),
            debounce: 1, longest: 1_000, carrying: .nothing, trashDays: 30, mode: .twoWay, ignoring: [],
            client: "ann", onWork: {})
        defer { worker.stop() }
        let looks = DiskLooks()
        try worker.tree.adopt(looks.root(directory.path("folder")))
        worker.lookAtEverything()
        worker.waitUntilLooked()
        // The top and two directories below it.
        #expect(looks.idle(.listing).count >= 3 && !looks.idle(.listing).contains(false))

        looks.forget()
        directory.write("new", to: "folder/d/e/new")
        try eventually("it is looked at") { !looks.idle(.asking).isEmpty }
        worker.waitUntilLooked()
        #expect(!looks.idle(.asking).contains(true) && !looks.idle(.listing).contains(true))

        // What may be a tree of any size is looked through as everything is.
        looks.forget()
        directory.makeDirectory("elsewhere")
        directory.makeDirectory("elsewhere/g")
        directory.write("more", to: "elsewhere/g/more")
        try #require(rename(directory.path("elsewhere"), directory.path("folder/f")) == 0)
        try eventually("it is listed") { looks.idle(.listing).count >= 2 }
        #expect(!looks.idle(.listing).contains(false))
    }
}
