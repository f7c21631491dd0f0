import ControlAPI
import FileTree
import Glibc
import SyncCore
import TestSupport
import Testing

/// Owners and attributes travel between those who carry them, and are no traffic for the others.
@Suite(.fleet)
struct ExtrasTests {
    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }
    private func path(_ text: String) throws -> RelativePath { try RelativePath(bytes: bytes(text)) }

    private func carry(_ agent: FleetAgent) throws {
        let home = FleetFolder(agent.home)
        let text = try #require(home.text("agent.json5"))
        try home.write(
            text.split(separator: "owners: false").joined(separator: "owners: true")
                .split(separator: "xattrs: false").joined(separator: "xattrs: true"), to: "agent.json5")
    }

    private func extras(_ name: String, at agent: FleetAgent) throws -> Extras {
        try TreeRoot(path: agent.folder.path).extras(
            of: path(name), CarriedExtras(owners: true, attributes: true))
    }

    private func set(_ extras: Extras, _ name: String, at agent: FleetAgent) throws {
        let tree = try TreeRoot(path: agent.folder.path)
        let status = try #require(try tree.status(of: path(name)))
        #expect(try tree.setExtras(extras, of: path(name), expecting: status.identity))
    }

    private func seq(_ fleet: Fleet) throws -> Int64 {
        try fleet.hub.ctl("status", "--json").decoded(StatusResponse.self).hub.seq
    }

    @Test(.enabled(if: geteuid() == 0, "only root gives files away"))
    func `owner, group, attributes and lists travel by name between those who carry them`() throws {
        try withFleet(agents: ["ann", "bea", "cem"], running: false) { fleet in
            let (ann, bea, cem) = (fleet["ann"], fleet["bea"], fleet["cem"])
            try carry(ann)
            try carry(bea)
            for agent in fleet.agents { try agent.start() }
            let given = Extras(
                owner: bytes("daemon"), group: bytes("sys"),
                attributes: [.init(name: bytes("user.color"), value: bytes("red"))])
            let opened = Extras(
                owner: bytes("root"), group: bytes("root"),
                attributes: [
                    .init(
                        name: bytes("system.posix_acl_access"),
                        value: bytes("user::rwx,user:daemon:rwx,group::r-x,mask::rwx,other::---"))
                ])
            try ann.folder.write("1", to: "f")
            try ann.folder.makeDirectories("d")
            try set(given, "f", at: ann)
            try set(opened, "d", at: ann)
            try fleet.expectSame()
            #expect(try extras("f", at: bea) == given)
            #expect(try extras("d", at: bea) == opened)
            #expect(try extras("f", at: cem).owner == bytes("root"))

            // Who does not carry them edits the file: they stay.
            try cem.folder.write("22", to: "f")
            try fleet.expectSame()
            #expect(try bea.folder.text("f") == "22" && extras("f", at: bea) == given)
            #expect(try extras("f", at: ann) == given)

            // One change, for those whom it concerns.
            let before = try seq(fleet)
            var blue = given
            blue.attributes = [.init(name: bytes("user.color"), value: bytes("blue"))]
            try set(blue, "f", at: bea)
            try fleet.expectSame()
            #expect(try extras("f", at: ann) == blue)
            #expect(try seq(fleet) == before + 1)

            // A dry run reads them too: there is nothing to do.
            try bea.stop()
            #expect(try bea.run("once", "--dry-run").expectDone().output.contains("nothing"))
            try bea.start()
            try fleet.wait()

            // What nobody says anything of is nobody's change; nor is an owner that a machine does not know.
            try cem.folder.write("3", to: "g")
            try fleet.expectSame()
            try fleet.wait()
            #expect(try seq(fleet) == before + 2)
            #expect(try extras("g", at: ann).owner == bytes("root"))

            // Who begins to carry them later learns what the others have.
            try cem.stop()
            try carry(cem)
            try cem.start()
            try fleet.expectSame()
            #expect(try extras("f", at: cem) == blue)
            #expect(try extras("d", at: cem) == opened)
            try fleet.stop()
        }
    }
}
