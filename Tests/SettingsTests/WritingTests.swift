import Glibc
import Settings
import TestSupport
import Testing

@Suite struct WritingTests {
    let directory = TemporaryDirectory()
    var path: String { directory.path("hub.json5") }

    private func mode(_ path: String) -> UInt32 {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_mode & 0o7777 : 0
    }

    @Test(arguments: [
        "pi", "\"", "a\\", "', sftp: {mode: 'system'}, x: '", "line\nbreak\u{1}\u{2028}", "caf\u{e9} \u{1F600}",
    ])
    func `what is written with comments is read back, whatever the name`(name: String) throws {
        let text: SettingsText = """
            {
                // How the hub calls itself.
                name: \(name),
                sftp: { mode: \(SFTPLike.Mode.system), port: \(22) },
                ignore: \([name, "b"]), verbose: \(true),
            }
            """
        try writeSettings(text, as: HubLike.self, to: path)
        let hub: HubLike = try loadSettings(from: path)
        #expect(hub.name == name)
        #expect(hub.sftp.mode == .system)
        #expect(hub.sftp.port == 22)
        #expect(hub.ignore == [name, "b"])
        #expect(hub.verbose)
        #expect(directory.text("hub.json5")?.contains("// How the hub calls itself.") == true)
        #expect(mode(path) == 0o600)
        #expect(directory.names() == ["hub.json5"])
    }

    @Test func `what a writer that was killed has left of a file is removed, and nothing else`() throws {
        let others = [
            ".synchub-", ".synchub-1", ".synchub-hub.json5", ".synchub-hub.json5-1x", ".synchub-hub.json5.old-1",
        ]
        for name in others + [".synchub-hub.json5-1", ".synchub-hub.json5-18446744073709551615"] {
            directory.write("secret", to: name)
        }
        try Secrets.write(Array("new".utf8), to: path)
        Secrets.removeUnfinished(of: [path, directory.path("none/there")])
        #expect(directory.names().sorted() == (others + ["hub.json5"]).sorted())
        #expect(directory.text("hub.json5") == "new")
    }

    @Test func `what could not be read again is not written`() throws {
        try writeSettings("{name: 'old'}", as: HubLike.self, to: path)
        let error = #expect(throws: SettingsError.self) {
            try writeSettings("{name: 'new', colour: 1}", as: HubLike.self, to: path)
        }
        #expect(error?.keyPath == "colour")
        #expect(directory.text("hub.json5") == "{name: 'old'}")
    }

    @Test func `a failed write leaves nothing behind`() throws {
        directory.makeDirectory("hub.json5/inside")
        let error = #expect(throws: SettingsError.self) {
            try writeSettings("{name: 'new'}", as: HubLike.self, to: path)
        }
        #expect(error?.reason == .unwritable(EISDIR))
        #expect(directory.names() == ["hub.json5"])
    }

    @Test func `a secret is private and comes back as it was`() throws {
        let bytes: [UInt8] = [0, 0xFF, 0x0A]
        let path = Array(directory.path.utf8) + [0x2F, 0xFE]
        try Secrets.write([1], to: path)
        try Secrets.write(bytes, to: path)
        #expect(try Secrets.read(path) == bytes)
        let token = directory.path("token")
        try Secrets.write(Array("word\r\n".utf8), to: token)
        #expect(mode(token) == 0o600)
        #expect(try Secrets.readText(token) == "word")
    }

    @Test(arguments: [0o640, 0o604, 0o620, 0o602, 0o610, 0o601] as [UInt32])
    func `a secret that others may use is refused`(bits: UInt32) throws {
        let path = directory.write("word", to: "token")
        #expect(chmod(path, bits) == 0)
        let error = #expect(throws: SettingsError.self) { try Secrets.read(path) }
        #expect(error?.reason == .open(mode: bits))
        #expect(error?.description.contains("word") == false)
        #expect(chmod(path, 0o400) == 0)
        #expect(try Secrets.readText(path) == "word")
    }
}
