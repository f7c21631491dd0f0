import Glibc
import TestSupport
import Testing

@testable import SSH

extension SSHTests {
    @Suite struct SFTPTests {
        @Test(arguments: [0, 1, 40 << 20])
        func `what is uploaded comes back the same`(size: Int) throws {
            let server = try SSHDServer()
            let connection = try server.connect()
            let bytes = noise(size)
            let file = open(server.directory.write(bytes, to: "local"), O_RDONLY)
            defer { close(file) }
            var acknowledged = 0
            let sent = try connection.upload(from: file, length: Int64(size), to: server.bytes("remote")) {
                acknowledged += $0
                return true
            }
            #expect(sent == Int64(size) && acknowledged == size)
            #expect(server.directory.read("remote").map(Sum.of) == Sum.of(bytes))
            var received: [UInt8] = []
            try connection.download(server.bytes("remote")) { received += $0 }
            #expect(received.count == size && Sum.of(received) == Sum.of(bytes))
        }

        @Test func `keys are exchanged again in the middle of a transfer`() throws {
            let server = try SSHDServer(configuration: ["RekeyLimit 1M"])
            let connection = try server.connect()
            let bytes = noise(10 << 20)
            let file = open(server.directory.write(bytes, to: "local"), O_RDONLY)
            defer { close(file) }
            try connection.upload(from: file, length: Int64(bytes.count), to: server.bytes("remote"))
            var received: [UInt8] = []
            try connection.download(server.bytes("remote")) { received += $0 }
            #expect(Sum.of(received) == Sum.of(bytes))
        }

        @Test func `a part of a file is sent to where it belongs`() throws {
            let server = try SSHDServer()
            let connection = try server.connect()
            let bytes = noise(3 << 20)
            let file = open(server.directory.write(bytes, to: "local"), O_RDONLY)
            defer { close(file) }
            server.directory.write(bytes.prefix(1000), to: "remote")
            // Resuming: the rest goes behind what is there. Asked for more than there is, it says how much it was.
            let sent = try connection.upload(
                from: file, offset: 1000, length: 4 << 20, to: server.bytes("remote"), remoteOffset: 1000)
            #expect(sent == Int64(bytes.count - 1000))
            #expect(server.directory.read("remote") == bytes)
        }

        @Test func `ranges are read exactly`() throws {
            let server = try SSHDServer()
            let connection = try server.connect()
            let bytes = noise(5 << 20)
            server.directory.write(bytes, to: "file")
            for (offset, length) in [
                (0, 1), (7, 100_000), (1 << 20, 3 << 20), (bytes.count - 1, 1), (bytes.count - 10, 100),
                (bytes.count, 5), (0, 0),
            ] {
                var received: [UInt8] = []
                let count = try connection.download(server.bytes("file"), offset: Int64(offset), length: Int64(length))
                { received += $0 }
                #expect(Int(count) == received.count)
                #expect(received == Array(bytes.dropFirst(offset).prefix(length)), "\(offset) \(length)")
            }
            // One open file, back and forth, also after its end was seen.
            let file = try connection.open(server.bytes("file"), .read)
            for offset in [4 << 20, 0, bytes.count, 100, 2 << 20] {
                var buffer = [UInt8](repeating: 0, count: 5000)
                let count = try buffer.withUnsafeMutableBytes {
                    try file.read(at: Int64(offset), into: $0, within: 5000)
                }
                let expected = bytes.dropFirst(offset).prefix(count)
                #expect(Array(buffer.prefix(count)) == Array(expected) && (count > 0) == (offset < bytes.count))
            }
            try file.close()
        }

        @Test func `names are bytes, not text`() throws {
            let server = try SSHDServer()
            let connection = try server.connect()
            let directory = server.bytes("") + [0xFF, 0x0A, 0xC3]
            let names: [[UInt8]] = [
                [0xFE, 0xFF], Array("café".utf8), Array("cafe\u{301}".utf8), [UInt8](repeating: 0x61, count: 255),
            ]
            try connection.mkdir(directory)
            for name in names {
                let file = try connection.open(directory + [0x2F] + name, [.write, .create, .exclusive])
                try file.writeAll(at: 0, name)
                try file.close()
            }
            let listed = try connection.list(directory)
            #expect(Set(listed.map(\.name)) == Set(names))
            #expect(listed.allSatisfy { $0.attributes.size == Int64($0.name.count) && $0.attributes.kind == .file })
            for name in names { try connection.remove(directory + [0x2F] + name) }
            try connection.rmdir(directory)
            #expect(throws: SSHError.sftp(.notFound, path: directory)) { try connection.stat(directory) }
        }

        @Test func `a long directory is listed whole`() throws {
            let server = try SSHDServer()
            let connection = try server.connect()
            mkdir(server.directory.path("many"), 0o755)
            for index in 0..<500 { server.directory.write("", to: "many/\(index)") }
            #expect(
                try Set(connection.list(server.bytes("many")).map(\.name)) == Set((0..<500).map { Array("\($0)".utf8) })
            )
            #expect(throws: SSHError.sftp(.notFound, path: server.bytes("none"))) {
                try connection.list(server.bytes("none"))
            }
        }

        @Test func `attributes are told and set`() throws {
            let server = try SSHDServer()
            let connection = try server.connect()
            server.directory.write("12345", to: "file")
            symlink("file", server.directory.path("link"))
            let path = server.bytes("file")
            try connection.setModificationTime(path, 1_234_567_890)
            try connection.setMode(path, 0o640)
            let file = try connection.open(path, [.read, .write])
            try file.sync()
            for attributes in [
                try connection.stat(path), try connection.stat(server.bytes("link")), try file.attributes(),
            ] {
                #expect(attributes.size == 5 && attributes.mtime == 1_234_567_890 && attributes.mode == 0o640)
                #expect(attributes.kind == .file)
            }
            #expect(try connection.lstat(server.bytes("link")).kind == .symlink)
            #expect(try connection.stat(server.bytes("")).kind == .directory)
        }

        @Test func `what the server refuses has a name, and the connection goes on`() throws {
            let server = try SSHDServer()
            let connection = try server.connect()
            let (one, two, none) = (server.bytes("one"), server.bytes("two"), server.bytes("none/x"))
            server.directory.write("1", to: "one")
            server.directory.write("2", to: "two")
            #expect(throws: SSHError.sftp(.notFound, path: none)) { try connection.open(none, .read) }
            #expect(throws: SSHError.sftp(.notFound, path: none)) { try connection.remove(none) }
            #expect(throws: SSHError.sftp(.failure, path: one)) {
                try connection.open(one, [.write, .create, .exclusive])
            }
            #expect(throws: SSHError.sftp(.failure, path: one)) { try connection.mkdir(one) }
            #expect(throws: SSHError.sftp(.failure, path: one)) { try connection.rename(one, to: two) }
            #expect(server.directory.read("two") == Array("2".utf8))
            try connection.remove(two)
            try connection.rename(one, to: two)
            #expect(server.directory.read("two") == Array("1".utf8))
            #expect(connection.failure == nil)
        }

        @Test func `a file removed while it is open is read to its end`() throws {
            let server = try SSHDServer()
            let connection = try server.connect()
            server.directory.write(noise(100), to: "file")
            let file = try connection.open(server.bytes("file"), .read)
            try connection.remove(server.bytes("file"))
            var buffer = [UInt8](repeating: 0, count: 200)
            #expect(try buffer.withUnsafeMutableBytes { try file.read(at: 0, into: $0, within: 200) } == 100)
            try file.close()
            #expect(throws: SSHError.self) {
                try buffer.withUnsafeMutableBytes { try file.read(at: 0, into: $0, within: 200) }
            }
        }

        @Test(arguments: [1, 100_000, 20 << 20])
        func `a device that takes nothing fails the write, and the connection goes on`(size: Int) throws {
            let server = try SSHDServer()
            let connection = try server.connect()
            let file = try connection.open(Array("/dev/full".utf8), .write)
            #expect(throws: SSHError.sftp(.failure, path: Array("/dev/full".utf8))) {
                try file.writeAll(at: 0, noise(size))
            }
            try file.close()
            _ = try connection.stat(server.bytes("log"))
        }

        @Test(.enabled(if: getuid() == 0, "mounting a small disk takes root"))
        func `a full disk is called a full disk`() throws {
            let server = try SSHDServer()
            let connection = try server.connect()
            let disk = server.directory.path("disk")
            mkdir(disk, 0o755)
            try #require(mount("tmpfs", disk, "tmpfs", 0, "size=1m") == 0)
            defer { umount2(disk, Int32(MNT_DETACH)) }
            let file = try connection.open(server.bytes("disk/file"), [.write, .create])
            #expect(throws: SSHError.sftp(.full, path: server.bytes("disk/file"))) {
                try file.writeAll(at: 0, noise(5 << 20))
            }
            try file.close()
            try connection.remove(server.bytes("disk/file"))
        }

        @Test func `a closure stops a transfer and the connection goes on`() throws {
            let server = try SSHDServer()
            let connection = try server.connect()
            let file = open(server.directory.write(noise(8 << 20), to: "local"), O_RDONLY)
            defer { close(file) }
            for _ in 0..<10 {
                #expect(throws: SSHError.stopped) {
                    try connection.upload(from: file, length: 8 << 20, to: server.bytes("remote")) { _ in false }
                }
            }
            struct Enough: Error {}
            #expect(throws: Enough.self) { try connection.download(server.bytes("local")) { _ in throw Enough() } }
            #expect(try connection.stat(server.bytes("local")).size == 8 << 20)
        }
    }
}

/// Megabytes are compared by a sum that is quick in a debug build.
private enum Sum {
    static func of(_ bytes: [UInt8]) -> UInt64 {
        bytes.withUnsafeBytes { all in
            var sum: UInt64 = 14_695_981_039_346_656_037
            for start in stride(from: 0, to: all.count & ~7, by: 8) {
                sum = (sum ^ all.loadUnaligned(fromByteOffset: start, as: UInt64.self)) &* 1_099_511_628_211
            }
            for byte in all.suffix(all.count & 7) { sum = (sum ^ UInt64(byte)) &* 1_099_511_628_211 }
            return sum ^ UInt64(all.count)
        }
    }
}
