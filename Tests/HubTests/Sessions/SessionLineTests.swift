import Glibc
import Processes
import SyncCore
import TestSupport
import Testing

@testable import Hub

/// Sessions of OpenSSH's own client, with the forced command and without sshd.
struct SessionLineTests {
    private let directory = TemporaryDirectory()
    private let layout: HubLayout

    init() {
        layout = HubLayout(root: directory.path)
        for name in ["share", "staging", ".synchub"] { directory.makeDirectory(name) }
    }

    private func arguments(_ batch: String, limit: Int? = nil) -> [String] {
        let command = "\(ServiceHub.program) sftp --root \(layout.root) --client phone --kind sftp"
        let slowly = limit.map { ["-l", "\($0)"] } ?? []
        return ["-q", "-b", directory.write(batch + "\n", to: "batch")] + slowly + ["-D", command]
    }

    private func sftp(_ lines: String...) throws -> Completed {
        try run(findExecutable("sftp") ?? "", arguments(lines.joined(separator: "\n")))
    }

    /// Starts an upload that would take minutes, and kills it in the middle.
    private func breakOff(_ words: String, while socket: SessionSocket, opens name: String) throws {
        let path = RelativePath([try Name(name)])
        let upload = try ChildProcess(
            findExecutable("sftp") ?? "", arguments(words, limit: 100),
            ChildProcess.Options(output: .null, errors: .null))
        defer {
            upload.kill()
            _ = upload.wait()
        }
        try eventually("it is open") { socket.look().open[path] == "phone" }
    }

    @Test func `what a session does is told, and a line that is lost too, whatever the file is called`() throws {
        let socket = try SessionSocket(layout)
        let bytes = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let large = directory.write(bytes, to: "large")
        let quoted = #""né \"x\"""#
        let name = #"né "x""#
        try breakOff("put \(large) \(quoted)", while: socket, opens: name)
        let path = RelativePath([try Name(name)])
        try eventually("it broke off") { socket.look().broken[path] == "phone" }
        #expect(socket.look().open.isEmpty)

        let done = try sftp("reput \(large) \(quoted)")
        #expect(done.status.isSuccess, "\(done.errorText)")
        try eventually("it is whole") { socket.look() == UploadView() }
        #expect(directory.read("share/\(name)") == bytes)
    }

    @Test func `a session goes on without a hub`() throws {
        let text = directory.write("text", to: "text")
        #expect(try sftp("put \(text) one").status.isSuccess)
        do { _ = try SessionSocket(layout) }
        // Its socket is there, and nobody listens.
        #expect(try sftp("put \(text) two").status.isSuccess)
        #expect(directory.text("share/one") == "text" && directory.text("share/two") == "text")
    }
}
