import TestSupport
import Testing

/// Hard links become independent copies; an edit through one name is seen under the other.
@Suite(.fleet)
struct HardLinkTests {
    @Test func `two names of one file are two files on the other machine`() throws {
        try withFleet { fleet in
            let (ann, bea) = (fleet["ann"].folder, fleet["bea"].folder)
            try ann.write("one", to: "a")
            try fleet.expectSame()
            try ann.hardLink("d", to: "a")
            try fleet.expectSame()
            #expect(bea.text("d") == "one")
            try ann.write("two, longer", to: "d")
            try fleet.expectSame()
            #expect(bea.text("a") == "two, longer" && bea.text("d") == "two, longer")
            try bea.write("three", to: "a")
            try bea.setMode("d", 0o600)
            try fleet.expectSame()
            #expect(ann.text("a") == "three" && ann.text("d") == "two, longer")
            #expect(ann.mode("a") == 0o644 && ann.mode("d") == 0o600)
            // In the share, by a user of the hub's machine.
            try fleet.hub.share.hardLink("e", to: "a")
            try fleet.expectSame()
            try fleet.hub.share.write("four", to: "e")
            try fleet.expectSame()
            #expect(ann.text("a") == "four" && bea.text("e") == "four")
            try ann.write("five", to: "a")
            try fleet.expectSame()
            #expect(fleet.hub.share.text("e") == "four" && bea.text("e") == "four")
            #expect(try fleet.hub.conflicts().isEmpty)
        }
    }
}
