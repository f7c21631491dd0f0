import SyncCore
import TestSupport
import Testing

@testable import Agent
@testable import Index

/// A damaged index under an agent that runs.
struct DamageTests {
    private func worker(_ directory: TemporaryDirectory) throws -> FolderWorker {
        try FolderWorker(
            folder: directory.path("folder"), standIn: directory.path("stand-in"), index: directory.path("index.db"),
            debounce: 1, longest: 1_000, carrying: .nothing, trashDays: 30, mode: .twoWay, ignoring: [],
            client: "ann", onWork: {})
    }

    @Test func `an index that turns out to be damaged is told, and the next start makes a new one`() throws {
        try withTemporaryDirectory { directory in
            try Files.makeDirectories(directory.path("folder"))
            try FolderMarker.write(folder: directory.path("folder"), of: AgentLayout(home: directory.path))
            let told = Told()
            do {
                let worker = try worker(directory)
                defer { worker.stop() }
                worker.onDamage { told.reason = $0 }
                #expect(throws: HubWasAway.self) { try worker.perform { _ in throw HubWasAway() } }
                #expect(told.reason == nil)
                #expect(throws: IndexError.self) { try worker.perform { _ in throw IndexError.damaged("half a row") } }
            }
            #expect(told.reason?.contains("half a row") == true)
            #expect(told.reason?.contains("Start the agent again") == true)
            let again = try worker(directory)
            defer { again.stop() }
            #expect(directory.names(in: "").contains("index.db.damaged-1"))
            #expect(!directory.names(in: "").contains("index.db.damaged"))
        }
    }
}

private struct HubWasAway: Error {}

/// What was said, on one thread at a time.
private final class Told: @unchecked Sendable {
    // SAFETY: the worker calls within `perform`, which waits.
    var reason: String?
}
