import Glibc
import Settings
import TestSupport
import Testing

/// A configuration much like ours.
struct HubLike: SettingsGroup {
    enum Key: String, CaseIterable { case name, listen, ratio, sftp, ignore, peers, verbose }
    let name: String
    let listen: String?
    let ratio: Double
    let sftp: SFTPLike
    let ignore: [String]
    let peers: [PeerLike]
    let verbose: Bool

    init(_ settings: SettingsReader<Key>) throws {
        name = try settings.value(.name)
        listen = try settings.optional(.listen)
        ratio = try settings.value(.ratio, default: 0.5)
        sftp = try settings.group(.sftp)
        ignore = try settings.list(.ignore)
        peers = try settings.groups(.peers)
        verbose = try settings.value(.verbose, default: false)
        if listen == "" { throw settings.refusal(of: .listen, expected: "an address") }
    }
}

struct SFTPLike: SettingsGroup {
    enum Key: String, CaseIterable { case mode, port }
    enum Mode: String, SettingChoice { case managed, system }
    let mode: Mode
    let port: Int

    init(_ settings: SettingsReader<Key>) throws {
        mode = try settings.value(.mode, default: .managed)
        port = try settings.value(.port, default: 2222, in: 1...65535)
    }
}

struct PeerLike: SettingsGroup {
    enum Key: String, CaseIterable { case host, port }
    let host: String
    let port: UInt16?

    init(_ settings: SettingsReader<Key>) throws {
        host = try settings.value(.host)
        port = try settings.optional(.port)
    }
}

@Suite struct SettingsTests {
    let directory = TemporaryDirectory()
    var path: String { directory.path("hub.json5") }

    private func load(_ text: String) throws -> HubLike {
        directory.write(text, to: "hub.json5")
        return try loadSettings(from: path)
    }

    /// What the error says behind the path.
    private func refusal(of text: String) throws -> String {
        let error = #expect(throws: SettingsError.self) { try load(text) }
        let sentence = try #require(error).description
        #expect(sentence.hasPrefix(path + ": "))
        return String(sentence.dropFirst(path.count + 2))
    }

    @Test func `everything that is there is taken, comments and all`() throws {
        let hub = try load(
            """
            // The hub.
            {
                name: 'pi', /* here */ "listen": "127.0.0.1", ratio: .25, verbose: true,
                sftp: { mode: "system", port: 0x16 },
                ignore: ["*.tmp", "caf\u{e9}",],
                peers: [{ host: "a" }, { host: "b", port: 22 }],
            }
            """)
        #expect(hub.name == "pi")
        #expect(hub.listen == "127.0.0.1")
        #expect(hub.ratio == 0.25)
        #expect(hub.verbose)
        #expect(hub.sftp.mode == .system)
        #expect(hub.sftp.port == 22)
        #expect(hub.ignore == ["*.tmp", "caf\u{e9}"])
        #expect(hub.peers.map(\.host) == ["a", "b"])
        #expect(hub.peers.map(\.port) == [nil, 22])
    }

    @Test(arguments: ["{name: 'pi'}", "{name: 'pi', listen: null, sftp: null, ignore: null, peers: null, ratio: null}"])
    func `what is missing or null takes its default`(text: String) throws {
        let hub = try load(text)
        #expect(hub.listen == nil)
        #expect(hub.ratio == 0.5)
        #expect(hub.sftp.mode == .managed)
        #expect(hub.sftp.port == 2222)
        #expect(hub.ignore.isEmpty && hub.peers.isEmpty && !hub.verbose)
    }

    @Test(arguments: [
        ("{name: 'pi', sftp: {mode: 'manual'}}", #"sftp.mode: expected "managed" or "system", found "manual""#),
        ("{name: 'pi', sftp: {prot: 22}}", "sftp.prot: unknown key, did you mean 'port'?"),
        ("{name: 'pi', sftp: {colour: 1}}", "sftp.colour: unknown key, known here: mode, port"),
        ("{nmae: 'pi'}", "nmae: unknown key, did you mean 'name'?"),
        ("{}", "name: expected a string, found nothing"),
        ("{name: 7}", "name: expected a string, found 7"),
        ("{name: 'pi', verbose: 1}", "verbose: expected true or false, found 1"),
        ("{name: 'pi', verbose: 'true'}", #"verbose: expected true or false, found "true""#),
        ("{name: 'pi', ratio: 'half'}", #"ratio: expected a number, found "half""#),
        ("{name: 'pi', sftp: {port: 1.5}}", "sftp.port: expected a whole number, found 1.5"),
        ("{name: 'pi', sftp: {port: 0}}", "sftp.port: expected a whole number from 1 to 65535, found 0"),
        ("{name: 'pi', sftp: {port: 65536}}", "sftp.port: expected a whole number from 1 to 65535, found 65536"),
        ("{name: 'pi', sftp: 'managed'}", #"sftp: expected an object, found "managed""#),
        ("{name: 'pi', ignore: '*.tmp'}", #"ignore: expected an array, found "*.tmp""#),
        ("{name: 'pi', ignore: ['a', 2]}", "ignore[1]: expected a string, found 2"),
        ("{name: 'pi', peers: [{host: 'a'}, {port: 1}]}", "peers[1].host: expected a string, found nothing"),
        (
            "{name: 'pi', peers: [{host: 'a', port: -1}]}",
            "peers[0].port: expected a whole number from 0 to 65535, found -1"
        ),
        ("{name: 'pi', listen: ''}", #"listen: expected an address, found """#),
        ("[]", "expected an object, found an array"),
    ])
    func `what is wrong is told with its key path and what was expected`(text: String, sentence: String) throws {
        #expect(try refusal(of: text) == sentence)
    }

    @Test func `a text that is not JSON5 is refused as such`() throws {
        #expect(try refusal(of: "{\n  name: 'pi'\n  listen: 'x'\n}").hasPrefix("not JSON5: "))
        #expect(try refusal(of: "").hasPrefix("not JSON5: "))
        #expect(try refusal(of: String(repeating: "[", count: 100_000)).hasPrefix("not JSON5: "))
    }

    @Test(arguments: ["name: 'pi', m\u{0}: 1", "name: 'p\u{0}'", "\u{0}: 1", "name: 'pi' // \u{0}"])
    func `a text that is not UTF-8 is refused with its line`(line: String) throws {
        let bytes = "{\n  \(line)\n}\n".utf8.map { $0 == 0 ? 0xFC : $0 }
        let error = #expect(throws: SettingsError.self) { try decodeSettings(bytes, path: path) as HubLike }
        #expect(try #require(error).reason == .notJSON5("line 2 is not UTF-8; save it as UTF-8 text."))
    }

    @Test func `a file of 1 MiB is read, a larger one is not`() throws {
        let text = "{name: 'pi'}"
        let filled = text + String(repeating: " ", count: (1 << 20) - text.utf8.count)
        #expect(try load(filled).name == "pi")
        #expect(try refusal(of: filled + " ") == "is larger than 1048576 bytes")
    }

    @Test func `a file that is not there, or is none, is an error`() throws {
        let missing = #expect(throws: SettingsError.self) { try loadSettings(HubLike.self, from: path) }
        #expect(missing?.reason == .unreadable(ENOENT))
        let folder = #expect(throws: SettingsError.self) { try loadSettings(HubLike.self, from: directory.path) }
        #expect(folder?.reason == .notAFile)
        #expect(mkfifo(path, 0o600) == 0)
        let pipe = #expect(throws: SettingsError.self) { try loadSettings(HubLike.self, from: path) }
        #expect(pipe?.reason == .notAFile)
    }
}
