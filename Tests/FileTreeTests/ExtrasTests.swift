import CACL
import FileTree
import Glibc
import SyncCore
import TestSupport
import Testing

/// Owner, group, attributes and ACLs on a real disk.
struct ExtrasTests {
    let play: Playground
    init() throws { play = try Playground() }

    private let both = CarriedExtras(owners: true, attributes: true)
    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }
    private func identity(_ path: String) throws -> FileIdentity {
        try #require(try play.tree.status(of: at(path))).identity
    }

    @Test func `attributes and lists are read as other programs set them`() throws {
        play.write("1", "f")
        try #require(setxattr(play.onDisk("f"), "user.color", "red", 3, 0) == 0)
        let list = try #require(acl_from_text("u::rw-,u:daemon:r--,g::r--,m::rw-,o::---"))
        defer { acl_free(UnsafeMutableRawPointer(list)) }
        try #require(acl_set_file(play.onDisk("f"), 0x8000, list) == 0)
        let extras = try play.tree.extras(of: at("f"), both)
        #expect(extras.owner == (geteuid() == 0 ? bytes("root") : extras.owner))
        #expect(
            extras.attributes == [
                .init(
                    name: bytes("system.posix_acl_access"),
                    value: bytes("user::rw-,user:daemon:r--,group::r--,mask::rw-,other::---")),
                .init(name: bytes("user.color"), value: bytes("red")),
            ])
        #expect(try play.tree.extras(of: at("f"), .nothing) == Extras())
    }

    @Test func `what is set is there, and what is not among it is gone`() throws {
        try #require(mkdir(play.onDisk("d"), 0o700) == 0)
        try #require(setxattr(play.onDisk("d"), "user.old", "1", 1, 0) == 0)
        let wanted = Extras(attributes: [
            .init(name: bytes("user.new"), value: [0, 1, 255]),
            .init(name: bytes("system.posix_acl_default"), value: bytes("user::rwx,group::r-x,other::---")),
        ])
        #expect(try play.tree.setExtras(wanted, of: at("d"), expecting: identity("d")))
        var value = [UInt8](repeating: 0, count: 8)
        #expect(getxattr(play.onDisk("d"), "user.new", &value, 8) == 3 && value.prefix(3) == [0, 1, 255])
        #expect(getxattr(play.onDisk("d"), "user.old", &value, 8) == -1 && errno == ENODATA)
        #expect(try play.tree.extras(of: at("d"), CarriedExtras(owners: false, attributes: true)) == wanted)
        // Nothing said is nothing changed.
        #expect(try play.tree.setExtras(Extras(), of: at("d"), expecting: identity("d")))
        #expect(try play.tree.extras(of: at("d"), both).attributes == wanted.attributes)
    }

    @Test func `an attribute of a file that nobody may write is set, and its mode stays`() throws {
        play.write("1", "f")
        chmod(play.onDisk("f"), 0o444)
        let wanted = Extras(attributes: [.init(name: bytes("user.a"), value: [1])])
        #expect(try play.tree.setExtras(wanted, of: at("f"), expecting: identity("f")))
        #expect(try play.tree.status(of: at("f"))?.mode == Mode(0o444))
        #expect(try play.tree.extras(of: at("f"), both).attributes == wanted.attributes)
    }

    @Test func `another file than the one that was meant is left alone, and so is a symlink`() throws {
        play.write("1", "f")
        play.write("2", "g")
        let wanted = Extras(attributes: [.init(name: bytes("user.a"), value: [1])])
        #expect(try !play.tree.setExtras(wanted, of: at("f"), expecting: identity("g")))
        #expect(try play.tree.extras(of: at("f"), both).attributes == [])
        try #require(symlink("f", play.onDisk("l")) == 0)
        #expect(try play.tree.setExtras(wanted, of: at("l"), expecting: identity("l")))
        #expect(try play.tree.extras(of: at("l"), both) == Extras())
        #expect(try play.tree.extras(of: at("f"), both).attributes == [])
    }

    @Test func `names that this machine does not know are left alone`() throws {
        play.write("1", "f")
        let strange = Extras(
            owner: bytes("nobody-of-this-name"), group: bytes("no-such-group"),
            attributes: [
                .init(
                    name: bytes("system.posix_acl_access"),
                    value: bytes("user::rw-,user:nobody-of-this-name:r--,group::r--,mask::r--,other::---"))
            ])
        let before = try play.tree.extras(of: at("f"), both)
        #expect(TreeRoot.knows(strange) == (false, false, false))
        #expect(TreeRoot.knows(before) == (true, true, true))
        #expect(try play.tree.setExtras(strange, of: at("f"), expecting: identity("f")))
        #expect(try play.tree.extras(of: at("f"), both) == before)
    }

    /// Together more than is carried of a file.
    private static func setMany(_ path: String) -> Bool {
        let value = [UInt8](repeating: 7, count: 3_000)
        let names: [String] = ["user.a", "user.b", "user.c"]
        return names.allSatisfy { setxattr(path, $0, value, value.count, 0) == 0 }
    }

    /// Below which directories a file has room for as many (nil: where tests have theirs): on ext4 it has less.
    private static let roomy: [String?] = [nil, "/dev/shm"].filter { parent in
        if let parent, access(parent, W_OK) != 0 { return false }
        let directory = TemporaryDirectory(below: parent)
        return withExtendedLifetime(directory) { setMany(directory.write("1", to: "f")) }
    }

    @Test(.enabled(if: !roomy.isEmpty, "needs a file system with room for 9 KB of attributes"))
    func `more than is carried is not told`() throws {
        let play = try Playground(below: ExtrasTests.roomy[0])
        play.write("1", "f")
        try #require(ExtrasTests.setMany(play.onDisk("f")))
        #expect(try play.tree.extras(of: at("f"), both).attributes == nil)
    }

    @Test(.enabled(if: geteuid() == 0, "only root gives files away"))
    func `an owner is given by name, before the file is seen`() throws {
        let item = try play.item("1")
        try item.setExtras(Extras(owner: bytes("daemon"), group: bytes("daemon")))
        _ = try play.tree.placeNew(item, at: at("f"))
        let extras = try play.tree.extras(of: at("f"), both)
        #expect(extras.owner == bytes("daemon") && extras.group == bytes("daemon"))
        #expect(play.tree.able(both).owners)
    }
}
