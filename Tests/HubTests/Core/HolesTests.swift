import FileTree
import Glibc
import SyncCore
import TestSupport
import Testing

@testable import Hub

/// What file systems say of holes, and what the hub makes of it.
struct HolesTests {
    private let directory = TemporaryDirectory()

    private func store() throws -> Store {
        for name in ["share", "staging", "versions", ".synchub"] { directory.makeDirectory(name) }
        return try Store(HubLayout(root: directory.path))
    }

    @Test func `a copy of a file that is said to have a hole and has none is right`() throws {
        let store = try store()
        let text = String(repeating: "no zeros ", count: 60_000)
        directory.write(text, to: "share/f")
        let reader = try store.share.openFile(RelativePath([Name("f")])).lying(about: 65_536..<262_144)
        let item = try store.verifiedCopy(of: reader, as: content(text))
        #expect(directory.names(in: ".synchub/incoming") == [item.name.description])
        #expect(directory.text(".synchub/incoming/" + item.name.description) == text)
    }

    @Test func `a copy that is wrong is none, whatever its holes are`() throws {
        let store = try store()
        directory.write("x", to: "share/f")
        #expect(truncate(directory.path("share/f"), 1 << 20) == 0)
        let reader = try store.share.openFile(RelativePath([Name("f")]))
        #expect(throws: FileTreeError.self) {
            try store.verifiedCopy(of: reader, as: content(String(repeating: "y", count: 1 << 20)))
        }
        #expect(directory.names(in: ".synchub/incoming") == [])
    }
}
