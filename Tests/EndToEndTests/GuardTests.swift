import ControlAPI
import TestSupport
import Testing

/// Mass deletions and rewrites wait for a person, from the disk of one machine to the others and back.
@Suite(.fleet)
struct GuardTests {
    private func fill(_ folder: FleetFolder) throws {
        for number in 0..<60 { try folder.write("text \(number)", to: "d/f\(number)") }
        try folder.write("beside", to: "beside")
    }

    private func fill(_ folder: FleetFolder, _ count: Int) throws {
        for number in 0..<count { try folder.write("text \(number)", to: "d/f\(number)") }
    }

    private func held(_ fleet: Fleet) throws -> [HeldMessage] { try fleet.hub.ctl("held", "--json").decoded() }

    private func awaitHeld(_ fleet: Fleet) throws -> HeldMessage {
        try eventually("a batch is held, and its client knows") {
            try !held(fleet).isEmpty && fleet.hub.unsynced().contains { $0.reason.hasPrefix("held: ") }
        }
        return try #require(try held(fleet).last)
    }

    @Test func `a mass deletion is held, told and rejected, and the files come back`() throws {
        try withFleet { fleet in
            let (ann, bea) = (fleet["ann"], fleet["bea"])
            try fill(ann.folder)
            try fleet.expectSame()
            // While its agent is away: it is one batch, however long the disk takes.
            try bea.stop()
            try bea.folder.remove("d")
            try bea.start()
            let batch = try awaitHeld(fleet)
            #expect(batch.client == "bea" && batch.deletes > 20 && batch.rewrites == 0)
            #expect(try fleet.hub.status(of: "bea").state == .held && fleet.hub.status(of: "ann").state == .inSync)
            #expect(try fleet.hub.status(of: "bea").reason?.hasPrefix("batch \(batch.id) of deletions") == true)
            #expect(try fleet.hub.ctl("why", "d/f59").output.contains("held: "))
            let wait = try fleet.hub.ctl("wait", "--timeout", "1")
            #expect(wait.code == 5 && (wait.output + wait.errors).contains("syncctl held"))
            // Others and other paths go on, also after a restart of everybody.
            try bea.stop()
            try fleet.hub.stop()
            try fleet.hub.start()
            try bea.start()
            try bea.folder.write("new", to: "new")
            try ann.folder.write("changed", to: "d/f59")
            try fleet.wait(on: ["ann"])
            try eventually("the new file has come") { ann.folder.text("new") == "new" }
            #expect(ann.folder.text("d/f58") == "text 58")
            #expect(try fleet.hub.ctl("reject", "\(batch.id)").code == 0)
            try fleet.expectSame()
            #expect(bea.folder.text("d/f58") == "text 58" && bea.folder.text("d/f59") == "changed")
            #expect(try held(fleet).isEmpty)
        }
    }

    @Test func `a slow deletion is held by its sum, and a rejection gives back what had passed, to everybody`() throws {
        try withFleet { fleet in
            let (ann, bea) = (fleet["ann"], fleet["bea"])
            try fill(ann.folder, 120)
            try fleet.expectSame()
            // Ten at a time, each ten gone everywhere before the next.
            for round in 0..<4 {
                for number in 0..<10 { try bea.folder.remove("d/f\(round * 10 + number)") }
                try eventually("they are gone") { ann.folder.names(in: "d").count == 110 - round * 10 }
            }
            for number in 40..<60 { try bea.folder.remove("d/f\(number)") }
            let batch = try awaitHeld(fleet)
            #expect(batch.passed >= 40 && batch.passed < 50)
            // Somebody has something else under one of the names by now.
            try ann.folder.write("ann's", to: "d/f3")
            try eventually("it is at the hub") { fleet.hub.share.text("d/f3") == "ann's" }
            let answer = try fleet.hub.ctl("reject", "\(batch.id)")
            #expect(answer.code == 0 && answer.output.contains("d/f3: something else has its name now"))
            try fleet.expectSame()
            #expect(bea.folder.names(in: "d").count == 120 && ann.folder.text("d/f39") == "text 39")
            #expect(ann.folder.text("d/f3") == "ann's" && ann.folder.text("d/f59") == "text 59")
            // What still comes of it is held again, however little, and can be approved.
            try bea.folder.remove("d/f100")
            let rest = try awaitHeld(fleet)
            #expect(rest.deletes == 1 && ann.folder.text("d/f100") == "text 100")
            #expect(try fleet.hub.ctl("approve", "\(rest.id)").code == 0)
            try fleet.expectSame()
            try bea.folder.remove("d/f101")
            try fleet.expectSame()
            #expect(!ann.folder.exists("d/f100") && !ann.folder.exists("d/f101"))
        }
    }

    @Test func `of much that goes at once everything comes back, and what arrives meanwhile is not told as missing`()
        throws
    {
        try withFleet { fleet in
            let (ann, bea) = (fleet["ann"], fleet["bea"])
            try fill(ann.folder, 800)
            try fleet.expectSame()
            try bea.folder.remove("d")
            let batch = try awaitHeld(fleet)
            // One of which the deletion is held: of those that have passed, an edit would come back into a directory that waits.
            let held = try #require(
                try fleet.hub.unsynced().last { $0.path.hasPrefix("d/f") && $0.reason.hasPrefix("held: ") })
            let kept = FleetPath(stringLiteral: held.path)
            try ann.folder.write("changed", to: kept)
            try ann.folder.write("new", to: "new")
            try eventually("the new file has come") { bea.folder.text("new") == "new" }
            try eventually("what has come is known to have") {
                try fleet.hub.status(of: "bea").behind == 0
                    && !fleet.hub.unsynced().contains { $0.client == "bea" && $0.direction == .down }
            }
            #expect(try fleet.hub.status(of: "bea").state == .held)
            #expect(try fleet.hub.ctl("reject", "\(batch.id)").code == 0)
            try fleet.expectSame()
            #expect(bea.folder.names(in: "d").count == 800 && ann.folder.text(kept) == "changed")
        }
    }

    @Test func `a mass rewrite in the share is held, and a rejection brings the machines' bytes back`() throws {
        try withFleet(agents: ["ann"]) { fleet in
            try fill(fleet["ann"].folder)
            try fleet.expectSame()
            for number in 0..<60 { try fleet.hub.share.write("encrypted \(number)", to: "d/f\(number)") }
            try eventually("the rewrites are held") { try held(fleet).last?.rewrites == 60 }
            #expect(try fleet.hub.status().clients.contains { $0.name == "share" && $0.state == .held })
            #expect(try fleet.hub.ctl("why", "d/f7").output.contains("held: "))
            try fleet.hub.stop()
            try fleet.hub.start()
            try eventually("they are held again") {
                try fleet.hub.unsynced().filter { $0.client == "share" && $0.reason.hasPrefix("held: ") }.count == 60
            }
            #expect(fleet["ann"].folder.text("d/f7") == "text 7")
            let batch = try #require(try held(fleet).last)
            #expect(batch.rewrites == 60 && batch.passed == 0)
            #expect(try fleet.hub.ctl("reject", "\(batch.id)").code == 0)
            try fleet.expectSame()
            #expect(fleet.hub.share.text("d/f7") == "text 7" && fleet.hub.share.names(in: "d").count == 60)
            let versions = FleetFolder(fleet.hub.root + "/versions").image().values
            let bytes = FleetFolder.Item.digest(of: "encrypted 7")
            #expect(versions.contains { if case .file(bytes, _, _, _) = $0 { true } else { false } })
        }
    }

    @Test func `what a phone overwrites in place and removes comes back though no machine is there that has it`() throws
    {
        try withFleet(agents: ["ann"]) { fleet in
            try fleet.hub.stop()
            try fleet.hub.configure {
                $0.replacing("protect: \"off\"", with: "protect: \"copy\"")
                    .replacing("mass_delete_least: 50", with: "mass_delete_least: 1")
            }
            try fleet.hub.start()
            for name in ["a", "b", "c"] { try fleet["ann"].folder.write("ann's \(name)", to: FleetPath(name)) }
            try fleet.expectSame()
            try fleet["ann"].stop()
            let phone = try FleetPhone(fleet, "phone")
            let other = fleet.directory.write("the phone's", to: "other")
            #expect(try phone.sftp("put \(other) a", "rm b").status.isSuccess)
            try eventually("both wait for a person") {
                let batches = try held(fleet)
                return batches.reduce(0) { $0 + $1.deletes + $1.rewrites } == 2
            }
            #expect(fleet.hub.share.text("a") == "the phone's" && !fleet.hub.share.exists("b"))
            for batch in try held(fleet) { try fleet.hub.ctl("reject", "\(batch.id)").expectDone() }
            try eventually("the hub has the bytes itself") {
                fleet.hub.share.text("a") == "ann's a" && fleet.hub.share.text("b") == "ann's b"
            }
            let check = try FleetAnswer("synchub", ["check", "--root", fleet.hub.root]).expectDone()
            #expect(check.output.contains("what is in the share is kept in versions/ too"))
            try fleet["ann"].start()
            try fleet.expectSame()
        }
    }

    @Test func `a mass rewrite in the share goes to the machines once it is approved`() throws {
        try withFleet(agents: ["ann"]) { fleet in
            try fill(fleet["ann"].folder)
            try fleet.expectSame()
            for number in 0..<60 { try fleet.hub.share.write("other \(number)", to: "d/f\(number)") }
            try eventually("the rewrites are held") { try held(fleet).last?.rewrites == 60 }
            let batch = try #require(try held(fleet).last)
            #expect(try fleet.hub.ctl("approve", "\(batch.id)").code == 0)
            try fleet.expectSame()
            #expect(fleet["ann"].folder.text("d/f7") == "other 7")
        }
    }

    @Test func `an approved deletion goes to everybody, and what its user took back stays`() throws {
        try withFleet { fleet in
            let (ann, bea) = (fleet["ann"], fleet["bea"])
            try fill(ann.folder)
            try fleet.expectSame()
            try bea.stop()
            try bea.folder.remove("d")
            try bea.start()
            let batch = try awaitHeld(fleet)
            // Its user wants one of them back after all, and makes another one anew.
            let kept = "d/f58"
            try bea.folder.write("text 58", to: FleetPath(kept))
            try bea.folder.write("fresh", to: "d/fresh")
            try eventually("one deletion is taken back") {
                try held(fleet).first.map { $0.deletes < batch.deletes } ?? false
            }
            #expect(try fleet.hub.ctl("approve", "999").code == 4)
            #expect(try fleet["ann"].ctl("approve", "\(batch.id)").code == 1)
            #expect(try fleet.hub.ctl("approve", "\(batch.id)").code == 0)
            try fleet.expectSame()
            #expect(ann.folder.text("d/f58") == "text 58" && ann.folder.text("d/fresh") == "fresh")
            #expect(!ann.folder.exists("d/f59") && ann.folder.text("beside") == "beside")
        }
    }

    @Test func `a mass rewrite is held, and a rejection gives the old bytes back and keeps the new ones`() throws {
        try withFleet { fleet in
            let (ann, bea) = (fleet["ann"], fleet["bea"])
            try fill(ann.folder)
            try fleet.expectSame()
            try bea.stop()
            for number in 0..<60 { try bea.folder.write("encrypted \(number)", to: "d/f\(number)") }
            try bea.start()
            let batch = try awaitHeld(fleet)
            #expect(batch.rewrites == 60 && batch.deletes == 0)
            #expect(ann.folder.text("d/f7") == "text 7")
            #expect(try fleet.hub.ctl("reject", "\(batch.id)").code == 0)
            try fleet.expectSame()
            #expect(bea.folder.text("d/f7") == "text 7")
            let versions = FleetFolder(fleet.hub.root + "/versions").image().values
            let bytes = FleetFolder.Item.digest(of: "encrypted 7")
            #expect(versions.contains { if case .file(bytes, _, _, _) = $0 { true } else { false } })
        }
    }

    @Test func `what is deleted in the share at once is held, and a rejection brings it back from who has it`() throws {
        try withFleet(agents: ["ann"]) { fleet in
            try fill(fleet["ann"].folder)
            try fleet.expectSame()
            try fleet.hub.share.remove("d")
            try eventually("the share's deletions are held") { try held(fleet).contains { $0.client == "share" } }
            let wait = try fleet.hub.ctl("wait", "--timeout", "1")
            #expect(wait.code == 5 && (wait.output + wait.errors).contains("syncctl held"))
            #expect(try fleet.hub.status().clients.contains { $0.name == "share" && $0.state == .held })
            #expect(fleet["ann"].folder.text("d/f7") == "text 7")
            try eventually("all of them are held") { try held(fleet).last?.deletes == 61 }
            let batch = try #require(try held(fleet).last)
            #expect(try fleet.hub.ctl("reject", "\(batch.id)").code == 0)
            // A wait lasts until the share is whole again.
            try fleet.expectSame()
            #expect(fleet.hub.share.names(in: "d").count == 60)
        }
    }

    @Test func `what is deleted in the share goes everywhere once it is approved`() throws {
        try withFleet(agents: ["ann"]) { fleet in
            try fill(fleet["ann"].folder)
            try fleet.expectSame()
            try fleet.hub.share.remove("d")
            try eventually("the share's deletions are held") { try held(fleet).contains { $0.client == "share" } }
            try fleet.hub.stop()
            try fleet.hub.start()
            try eventually("they are held again") { try held(fleet).contains { $0.client == "share" } }
            #expect(fleet["ann"].folder.text("d/f7") == "text 7")
            let batch = try #require(try held(fleet).last)
            #expect(try fleet.hub.ctl("approve", "\(batch.id)").code == 0)
            try eventually("they are gone", within: .seconds(40)) { !fleet["ann"].folder.exists("d") }
            try fleet.expectSame()
        }
    }
}
