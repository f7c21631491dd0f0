import Glibc
import Synchronization
import TestSupport
import Testing

@testable import SSH

extension SSHDServer {
    var address: SSHAddress { SSHAddress(host: "127.0.0.1", port: port) }
    var hostKey: HostKey { get throws { try HostKey(line: hostKeyLine) } }
    var credentials: SSHCredentials { SSHCredentials(user: user, privateKey: .file(clientKeyPath)) }

    func connect(timeout: Duration = .seconds(10)) throws -> SFTPConnection {
        try .connect(to: address, expecting: hostKey, credentials: credentials, timeout: timeout)
    }

    func bytes(_ relative: String) -> [UInt8] { Array(directory.path(relative).utf8) }
}

/// Blocking work on a thread of its own; `wait` gives its result or its error.
final class Background<Value: Sendable>: Sendable {
    private let result = Mutex<Result<Value, any Error>?>(nil)
    private let done: Event

    init(_ body: @escaping @Sendable () throws -> Value) throws {
        done = try Event()
        try OSThread.start("test") { [self] in
            let value = Result { try body() }
            result.withLock { $0 = value }
            done.raise()
        }
    }

    func wait(_ limit: Duration = .seconds(20)) throws -> Value {
        guard done.wait(until: .after(limit)), let value = result.withLock({ $0 }) else {
            throw SSHDServer.Failure(description: "the background work did not end in time")
        }
        return try value.get()
    }
}

/// A TCP server that sends back what it gets, and ends its side when the other has ended. One thread for each connection.
final class EchoServer: Sendable {
    let port: UInt16
    private let socket: Int32

    init() throws {
        (socket, port) = try SSHDServer.listenLoopback()
        let listener = socket
        try OSThread.start("echo") {
            while true {
                let connection = accept(listener, nil, nil)
                if connection < 0 { return }
                try? OSThread.start("echo-one") { EchoServer.serve(connection) }
            }
        }
    }

    deinit {
        shutdown(socket, Int32(SHUT_RDWR))
        close(socket)
    }

    private static func serve(_ connection: Int32) {
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = read(connection, &buffer, buffer.count)
            if count <= 0 { break }
            if !Wire.sendAll(connection, buffer.prefix(count)) { break }
        }
        close(connection)
    }
}

/// Reading and writing whole messages on sockets, blocking or not, with a limit.
enum Wire {
    static func sendAll(_ socket: Int32, _ bytes: some Collection<UInt8>) -> Bool {
        let bytes = Array(bytes)
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes {
                send(socket, $0.baseAddress! + done, $0.count - done, Int32(MSG_NOSIGNAL))
            }
            if count > 0 { done += count; continue }
            guard errno == EAGAIN, Poll.wait(socket, for: Int16(POLLOUT), until: .after(.seconds(20))) else {
                return false
            }
        }
        return true
    }

    /// Up to `limit` bytes, less if the stream ends or nothing comes for 20 seconds (`nil`).
    static func receive(_ socket: Int32, limit: Int = .max) -> [UInt8]? {
        var all: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while all.count < limit {
            guard Poll.wait(socket, for: Int16(POLLIN), until: .after(.seconds(20))) else { return nil }
            let count = read(socket, &buffer, min(buffer.count, limit - all.count))
            if count == 0 { break }
            if count < 0 {
                if errno == EAGAIN { continue }
                break
            }
            all += buffer.prefix(count)
        }
        return all
    }
}

/// Bytes that look random and are the same for the same seed.
func noise(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
    var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
    return [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
        for index in 0..<count {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            buffer[index] = UInt8(truncatingIfNeeded: state >> 32)
        }
        filled = count
    }
}

/// All of them one after the other: they count the open files of the process, and the processor time of its threads.
@Suite(.serialized) enum SSHTests {}

/// What is open that this room opens. Other tests run in the same process: connections are told by the server's port, the
/// other kinds by their number.
struct OpenFiles {
    private(set) var connections = 0
    /// Flags between threads (eventfd), and ends of channels.
    private(set) var flags = 0, channels = 0

    init(to port: UInt16) {
        guard let directory = opendir("/proc/self/fd") else { return }
        defer { closedir(directory) }
        while let entry = readdir(directory) {
            // SAFETY: the kernel's names end with NUL.
            let name = withUnsafePointer(to: &entry.pointee.d_name.0) { String(cString: $0) }
            guard let descriptor = Int32(name) else { continue }
            var address = sockaddr_storage()
            var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
            let result = withUnsafeMutableBytes(of: &address) { bytes in
                // SAFETY: a sockaddr_storage has room and alignment for every address.
                getpeername(descriptor, bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self), &length)
            }
            if result != 0 {
                var target = [CChar](repeating: 0, count: 64)
                let count = readlink("/proc/self/fd/\(name)", &target, 63)
                if count > 0,
                    String(decoding: target.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
                        == "anon_inode:[eventfd]"
                {
                    flags += 1
                }
            } else if Int32(address.ss_family) == AF_UNIX {
                channels += 1
            } else if Int32(address.ss_family) == AF_INET {
                let peer = withUnsafeBytes(of: &address) { $0.load(as: sockaddr_in.self) }
                if UInt16(bigEndian: peer.sin_port) == port { connections += 1 }
            }
        }
    }

    /// Whether all is closed again, at latest after a while: threads end on their own. A leak of one file for each of
    /// `count` connections or channels would show.
    func areClosed(to port: UInt16, of count: Int) -> Bool {
        let deadline = Deadline.after(.seconds(30))
        while true {
            let now = OpenFiles(to: port)
            if now.connections <= connections, now.flags < flags + count, now.channels < channels + count {
                return true
            }
            if deadline.hasPassed { return false }
            usleep(5000)
        }
    }
}
