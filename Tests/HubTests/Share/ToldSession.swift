import Glibc
import Testing

@testable import Hub

/// The line of a phone's session, on which a test says what sftp-server would.
final class ToldSession {
    private let line: SessionLine
    private let share: String

    init(_ share: ShareHub, as client: String = "phone") throws {
        self.share = share.path
        let client = try ClientName(client)
        line = try #require(SessionLine(share.hub.layout, client))
        line.tell(SessionHello(client: client, start: Array(share.path.utf8)).bytes)
    }

    func say(_ text: String) { #expect(line.tell(Array((text + "\r\n").utf8))) }

    func opens(_ name: String, _ flags: String = "WRITE,CREATE,TRUNCATE") {
        say("open \"\(share)/\(name)\" flags \(flags) mode 0644")
    }

    func closes(_ name: String, written: Int) { say("close \"\(share)/\(name)\" bytes read 0 written \(written)") }

    func makesDirectory(_ name: String) { say("mkdir name \"\(share)/\(name)\" mode 0777") }
    func removes(_ name: String) { say("remove name \"\(share)/\(name)\"") }
    func renames(_ old: String, _ new: String) { say("rename old \"\(share)/\(old)\" new \"\(share)/\(new)\"") }
    func lists(_ name: String) { say("opendir \"\(share)/\(name)\"") }
    func looks(_ name: String) { say("lstat name \"\(share)/\(name)\"") }
    func setsMode(_ name: String) { say("set \"\(share)/\(name)\" mode 0600") }

    /// As when its device has gone.
    func breaks(_ name: String, written: Int) {
        say("forced close \"\(share)/\(name)\" bytes read 0 written \(written)")
        end()
    }

    /// As when its process was killed.
    func end() { line.end() }
}
