import SyncCore
import TestSupport
import Testing

/// An agent ends when it is asked to, whatever it was doing.
@Suite(.fleet)
struct StopTests {
    @Test func `an agent that has something to tell and nobody to tell it ends at once`() throws {
        try withFleet(agents: ["ann"], running: false) { fleet in
            let ann = fleet["ann"]
            try fleet.hub.stop()
            // It must be asked just while it waits for more to tell: most times of these.
            for number in 0..<8 {
                try ann.start()
                try ann.folder.write("\(number)", to: "file \(number)")
                try eventually("it has seen that") {
                    try ann.ctl("unsynced").output.contains("file \(number)")
                }
                // Waits for 15 s at most, as long as it once slept.
                try ann.stop()
            }
        }
    }
}
