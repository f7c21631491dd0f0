import Engine
import Glibc
import Index
import SyncCore
import TestSupport
import Testing

@testable import Agent

/// Files that somebody has open for writing while they are looked at.
@Suite struct OpenFileTests {
    private let directory = TemporaryDirectory()

    /// The kernel tells of a close before the writer counts as gone, and who uses another name of the file is never
    /// told of: the end of both is seen by looking again, not after the longest time (an hour here).
    @Test func `a file is taken soon after its last writer has gone, also if nobody tells of that`() throws {
        try Files.makeDirectories(directory.path("folder"))
        try FolderMarker.write(folder: directory.path("folder"), of: AgentLayout(home: directory.path("")))
        let worker = try FolderWorker(
            folder: directory.path("folder"), standIn: directory.path("absent"), index: directory.path("index.db"),
            debounce: 1, longest: 3_600_000, carrying: .nothing, trashDays: 30, mode: .twoWay, ignoring: [],
            client: "ann", onWork: {})
        defer { worker.stop() }
        worker.lookAtEverything()
        worker.waitUntilLooked()
        directory.write("first", to: "elsewhere")
        let writer = open(directory.path("elsewhere"), O_WRONLY | O_CLOEXEC)
        try #require(writer >= 0)
        var isOpen = true
        defer { if isOpen { close(writer) } }
        try #require(link(directory.path("elsewhere"), directory.path("folder/file")) == 0)
        // What became quiet after it shows that it has been due, too.
        directory.write("second", to: "folder/later")
        try eventually("the later one is quiet, the open one is not") {
            try reason(of: "later", worker)?.hasPrefix("settling") == false
                && reason(of: "file", worker)?.hasPrefix("settling") == true
        }
        close(writer)
        isOpen = false
        try eventually("the first one is quiet, too") {
            try reason(of: "file", worker)?.hasPrefix("settling") == false
        }
    }

    private func reason(of name: String, _ worker: FolderWorker) throws -> String? {
        try worker.perform { try $0.pending(limit: 10).first { "\($0.path)" == name }?.reason }
    }
}
