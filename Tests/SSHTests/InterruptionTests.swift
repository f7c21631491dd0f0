import Glibc
import Synchronization
import TestSupport
import Testing

@testable import SSH

extension SSHTests {
    @Suite struct InterruptionTests {
        /// An upload without an end, on a thread of its own; `moving` is raised when it moves.
        private func upload(_ connection: SFTPConnection, _ moving: Event) throws -> Background<Void> {
            try Background {
                let zeros = open("/dev/zero", O_RDONLY | O_CLOEXEC)
                defer { close(zeros) }
                while true {
                    try connection.upload(from: zeros, length: 1 << 40, to: Array("/dev/null".utf8), access: .write) {
                        _ in
                        moving.raise()
                        return true
                    }
                }
            }
        }

        @Test func `cancel ends a transfer at once`() throws {
            let server = try SSHDServer()
            let connection = try server.connect()
            let moving = try Event()
            let transfer = try upload(connection, moving)
            #expect(moving.wait(until: .after(.seconds(10))))
            let start = ContinuousClock.now
            connection.cancel()
            #expect(throws: SSHError.cancelled) { try transfer.wait() }
            #expect(ContinuousClock.now - start < .seconds(1))
            #expect(throws: SSHError.cancelled) { try connection.stat([0x2F]) }
        }

        @Test func `a session killed in the middle of a transfer is a closed connection`() throws {
            let server = try SSHDServer()
            let connection = try server.connect()
            let moving = try Event()
            let transfer = try upload(connection, moving)
            #expect(moving.wait(until: .after(.seconds(10))))
            server.killSessions()
            let error = #expect(throws: SSHError.self) { try transfer.wait() }
            guard case .closed = error else { Issue.record("\(error!)"); return }
            #expect(connection.failure == error)
        }

        @Test func `a session that stops answering is given up in time`() throws {
            let server = try SSHDServer()
            let connection = try server.connect(timeout: .seconds(1))
            let moving = try Event()
            let transfer = try upload(connection, moving)
            #expect(moving.wait(until: .after(.seconds(10))))
            server.freezeSessions()
            #expect(throws: SSHError.timedOut(doing: "sending a file")) { try transfer.wait() }
        }

        /// libssh2 gives a handle's memory back with the error, so it must not hear of it again.
        @Test func `a file whose connection breaks just when it is closed is closed once`() throws {
            let server = try SSHDServer()
            for _ in 0..<8 {
                let connection = try server.connect()
                let file = try connection.open(Array("/dev/null".utf8), .write)
                server.killSessions()
                #expect(throws: SSHError.self) { try file.close() }
                // What is made now may get the memory of the handle.
                let others = (0..<64).map { [UInt8](repeating: 0xFF, count: 64 + $0 * 16) }
                #expect(throws: SSHError.self) { try connection.stat([0x2F]) }
                #expect(others.allSatisfy { $0.allSatisfy { $0 == 0xFF } })
            }
        }

        @Test func `an idle connection whose session was killed fails on its next use`() throws {
            let server = try SSHDServer()
            let connection = try server.connect()
            server.killSessions()
            let error = #expect(throws: SSHError.self) { try connection.stat([0x2F]) }
            guard case .closed = error else { Issue.record("\(error!)"); return }
        }
    }
}
