import Processes
import TestSupport
import Testing

/// What a crash left in a folder's private area may be the last copy of something that the hub once had.
@Suite(.fleet)
struct LastCopyTests {
    @Test
    func `bytes of a file that a phone has deleted are not removed from the private area for having been agreed on`()
        throws
    {
        try withFleet(running: false) { fleet in
            let ann = fleet["ann"]
            try ann.folder.write("the last copy", to: "file")
            try ann.folder.write("stays", to: "other")
            try ann.run("once").expectDone()
            // As a kill in the middle of a swap leaves it.
            try ann.folder.write("the last copy", to: ".synchub/private/put-1")
            try ann.folder.write("stays", to: ".synchub/private/put-2")
            try fleet.hub.share.remove("file")
            try eventually("the hub has seen it") { try fleet.hub.ctl("log").expectDone().output.contains("share") }
            try ann.run("once").expectDone()
            let names = ann.folder.names().map { "\($0)" }
            #expect(names.count == 2 && names.contains("other"))
            let kept = try #require(ann.folder.names().first { "\($0)".hasPrefix("recovered (") })
            #expect(ann.folder.text(kept) == "the last copy")
            #expect(ann.folder.names(in: ".synchub/private").isEmpty)
        }
    }
}
