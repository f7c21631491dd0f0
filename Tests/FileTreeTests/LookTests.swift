import FileTree
import Glibc
import SyncCore
import TestSupport
import Testing

struct LookTests {
    let play: Playground
    init() throws { play = try Playground() }

    @Test func `a missing directory is no tree`() {
        #expect(reason { _ = try TreeRoot(path: play.directory.path("missing")) } == .notFound)
    }

    @Test func `each kind of entry is told, and a symlink is not followed`() throws {
        play.write("text", "file")
        play.directory.makeDirectory("tree/directory")
        symlink("file", play.onDisk("link"))
        mkfifo(play.onDisk("fifo"), 0o600)
        let socket = socketAt(play.onDisk("socket"))
        defer { close(socket) }
        let kinds = try play.tree.list(.top).map { ($0.name.description, $0.status.kind) }
        #expect(kinds.map(\.0) == ["directory", "fifo", "file", "link", "socket"])
        #expect(kinds.map(\.1) == [.directory, .other(.fifo), .file, .symlink, .other(.socket)])
        #expect(try play.tree.readLink(at("link")) == Array("file".utf8))
        #expect(reason { _ = try play.tree.readLink(at("file")) } == .unsupported)
        #expect(reason { _ = try play.tree.hash(at("fifo")) } == .notFile)
        #expect(reason { _ = try play.tree.hash(at("link")) } == .notFile)
        #expect(reason { _ = try play.tree.hash(at("directory")) } == .notFile)
    }

    @Test func `what is absent has no status, also below what is no directory`() throws {
        play.write("text", "file")
        #expect(try play.tree.status(of: at("nothing")) == nil)
        #expect(try play.tree.status(of: at("no/thing")) == nil)
        #expect(try play.tree.status(of: at("file/below")) == nil)
        #expect(try play.tree.status(of: .top)?.kind == .directory)
        #expect(reason { _ = try play.tree.list(at("nothing")) } == .notFound)
        #expect(reason { _ = try play.tree.list(at("file")) } == .notDirectory)
    }

    @Test func `many names of one directory are looked at together`() throws {
        play.directory.makeDirectory("tree/directory")
        play.write("text", "directory/file")
        symlink("file", play.onDisk("directory/link"))
        let names = try ["link", "nothing", "file"].map { try Name($0) }
        let found = try play.tree.statuses(of: names, in: at("directory"))
        #expect(found.map { $0?.kind } == [.symlink, nil, .file])
        #expect(try found[2] == play.tree.status(of: at("directory/file")))
        #expect(try play.tree.statuses(of: names, in: .top).allSatisfy { $0 == nil })
        #expect(try play.tree.statuses(of: names, in: at("gone/away")).map { $0 == nil } == [true, true, true])
        #expect(try play.tree.statuses(of: names, in: at("directory/file")).allSatisfy { $0 == nil })
    }

    @Test func `no symlink leads out of the tree, nor about in it`() throws {
        play.directory.makeDirectory("outside")
        play.directory.write("secret", to: "outside/secret")
        play.directory.makeDirectory("tree/inside")
        symlink("../outside", play.onDisk("out"))
        symlink(play.directory.path("outside"), play.onDisk("absolute"))
        symlink("inside", play.onDisk("about"))
        symlink("/proc/self/root", play.onDisk("magic"))
        for link in ["out", "absolute", "about", "magic"] {
            let below = at("\(link)/secret")
            #expect(try play.tree.status(of: below) == nil)
            #expect(reason { _ = try play.tree.hash(below) } == .escapes)
            #expect(reason { _ = try play.tree.list(at(link)) } == .escapes)
            #expect(reason { _ = try play.tree.placeNew(play.item("x"), at: at("\(link)/new")) } == .escapes)
            #expect(reason { _ = try play.tree.makeDirectory(at("\(link)/new"), mode: Mode(0o755)) } == .escapes)
            #expect(reason { _ = try play.tree.takeAway(below, expecting: nil, into: play.area) } == .escapes)
            #expect(try play.tree.removeDirectory(below) == .absent)
        }
        #expect(play.directory.names(in: "outside") == ["secret"])
    }

    @Test func `names are any bytes, up to 255 of them, and are sorted by bytes`() throws {
        let long = [UInt8](repeating: 0x78, count: 255)
        let names: [[UInt8]] = [
            [0x0A], [0x5C], Array("caf\u{e9}".utf8), Array("cafe\u{301}".utf8), long, [0xFF, 0xFE],
        ]
        for name in names { play.directoryWrite(name) }
        let listed = try play.tree.list(.top).map(\.name.bytes)
        #expect(listed == names.sorted { $0.lexicographicallyPrecedes($1) })
        for name in names { #expect(try play.tree.status(of: RelativePath([Name(name)]))?.kind == .file) }
    }

    @Test func `paths longer than PATH_MAX are reached and can be changed`() throws {
        var path = RelativePath.top
        let name = try Name([UInt8](repeating: 0x64, count: 200))
        for _ in 0..<30 {
            path = path.appending(name)
            guard case .placed = try play.tree.makeDirectory(path, mode: Mode(0o755)) else {
                Issue.record("not made")
                return
            }
        }
        let file = path.appending(try Name("file"))
        #expect(file.bytes.count > 6000)
        guard case .placed = try play.tree.placeNew(play.item("deep"), at: file) else {
            Issue.record("not placed")
            return
        }
        #expect(try play.tree.hash(file).digest == digest("deep"))
        #expect(try play.tree.list(path).map(\.name.description) == ["file"])
        try play.tree.syncDirectory(path)
    }

    @Test(arguments: [-1, -1_000_000_000, -2_000_000_001, 0, 1, 4_294_967_296_000_000_001, 5_000_000_000_999_999_999])
    func `times before 1970 and after 2106 are kept to the nanosecond`(time: Nanoseconds) throws {
        // ext4 with 128-byte inodes would not; tmpfs does.
        let play = try Playground(below: "/dev/shm")
        guard case .placed(let status) = try play.tree.placeNew(play.item("x", mtime: time), at: at("file")) else {
            Issue.record("not placed")
            return
        }
        #expect(status.mtime == time)
        #expect(try play.tree.status(of: at("file"))?.mtime == time)
    }

    @Test func `a hash comes with the status of exactly those bytes`() throws {
        play.write("hello", "file")
        let hashed = try play.tree.hash(at("file"))
        #expect(hashed.digest == digest("hello"))
        #expect(hashed.status == (try play.tree.status(of: at("file"))))
        #expect(hashed.content.size == 5)
        play.write("", "empty")
        #expect(try play.tree.hash(at("empty")).digest == .empty)
        let large = String(repeating: "0123456789abcdef", count: 200_000)
        play.write(large, "large")
        #expect(try play.tree.hash(at("large")).digest == digest(large))
    }

    @Test func `a file that changes while it is read has no hash`() throws {
        play.write(String(repeating: "x", count: 3 << 20), "file")
        let writer = OpenWriter(play.onDisk("file"))
        var asked = 0
        let outcome = reason {
            _ = try play.tree.hash(at("file")) {
                asked += 1
                if asked == 2 { writer.write("more") }
                return false
            }
        }
        #expect(outcome == .changedWhileRead)
    }

    @Test func `hashing stops on request`() throws {
        play.write("x", "file")
        #expect(reason { _ = try play.tree.hash(at("file")) { true } } == .cancelled)
    }

    @Test(arguments: [(1_999_999_999, true), (2_000_000_000, false)])
    func `what was hashed within 2 s of its change is racy`(age: Int64, isRacy: Bool) {
        let print = Fingerprint(
            kind: .file, identity: FileIdentity(device: 1, inode: 1), size: 0, mtime: 0, ctime: 5_000_000_000)
        #expect(print.isRacy(at: 5_000_000_000 + age) == isRacy)
    }

    @Test func `an error says what to do`() {
        do {
            _ = try play.tree.hash(at("no/such"))
            Issue.record("did not throw")
        } catch {
            #expect(error.description.hasPrefix("cannot read 'no/such': there is nothing of that name any more"))
            #expect(error.codeName == "ENOENT")
        }
    }

    @Test func `an ordinary user is denied what root is not`() throws {
        chmod(play.directory.path, 0o755)
        play.write("secret", "file")
        chmod(play.onDisk("file"), 0)
        let tree = play.tree
        #expect(try asOrdinaryUser { reason { _ = try tree.hash(at("file")) } } == .denied)
    }
}

extension Playground {
    func directoryWrite(_ name: [UInt8]) {
        let path = (Array(onDisk("").utf8) + name).map { CChar(bitPattern: $0) } + [0]
        close(open(path, O_CREAT | O_WRONLY, 0o644))
    }
}

private func socketAt(_ path: String) -> Int32 {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
    withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            _ = bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
        }
    }
    return descriptor
}
