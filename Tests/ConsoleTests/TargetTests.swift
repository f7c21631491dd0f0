import Arguments
import Glibc
import TestSupport
import Testing

@testable import Console

@Suite struct TargetTests {
    let directory = TemporaryDirectory()

    private func bytes(_ relative: String) -> [UInt8] { Array(directory.path(relative)) }

    @Test func `what is named is taken`() {
        let surroundings = Surroundings(environment: ["SYNCHUB_ROOT": Array("/x")])
        #expect(Target.resolve(root: Array("/r"), home: nil, surroundings) == .hub(root: Array("/r")))
        #expect(Target.resolve(root: nil, home: Array("/h"), surroundings) == .agent(home: Array("/h")))
    }

    @Test func `a hub whose token can be read comes before the agent`() {
        chmod(directory.write("token", to: "admin.token"), 0o600)
        let root = Array(directory.path)
        let surroundings = Surroundings(environment: ["SYNCHUB_ROOT": root, "XDG_STATE_HOME": Array("/state")])
        #expect(Target.resolve(root: nil, home: nil, surroundings) == .hub(root: root))
    }

    @Test(arguments: [
        (["XDG_STATE_HOME": "/state", "HOME": "/home/me"], "/state/synchub"),
        (["XDG_STATE_HOME": "relative", "HOME": "/home/me"], "/home/me/.local/state/synchub"),
        (["HOME": "/home/me/"], "/home/me/.local/state/synchub"), ([:], "/passwd/home/.local/state/synchub"),
    ])
    func `without a hub it is the agent of this user`(environment: [String: String], home: String) {
        let root = bytes("none")
        let values = environment.mapValues { Array($0) }.merging(["SYNCHUB_ROOT": root]) { $1 }
        let surroundings = Surroundings(environment: values, userHome: Array("/passwd/home"))
        #expect(
            Target.resolve(root: nil, home: nil, surroundings) == .agentByDefault(home: Array(home), insteadOf: root))
    }

    @Test func `a hub that never ran is not reachable, and it says what to do`() {
        let output = CapturedOutput()
        #expect(Syncctl.run(words("status --root \(directory.path)"), Surroundings(), output) == .notReachable)
        #expect(output.notes.contains("\(directory.path)/admin.token cannot be read (No such file or directory)"))
        #expect(output.notes.contains("synchub run --root \(directory.path)"))
    }

    @Test func `neither a hub nor an agent names both`() {
        let surroundings = Surroundings(
            environment: ["SYNCHUB_ROOT": bytes("hub"), "XDG_STATE_HOME": Array(directory.path)])
        let output = CapturedOutput()
        #expect(Syncctl.run(words("status"), surroundings, output) == .notReachable)
        #expect(output.notes.contains("\(directory.path)/synchub/agent.sock"))
        #expect(output.notes.contains(directory.path("hub")))
        #expect(output.notes.contains("syncagent run --home"))
    }

    @Test func `a port file that holds no port is a failure`() {
        chmod(directory.write("token", to: "admin.token"), 0o600)
        directory.write("http\n", to: "api.port")
        let output = CapturedOutput()
        #expect(Syncctl.run(words("status --root \(directory.path)"), Surroundings(), output) == .failed)
        #expect(output.notes.contains("does not hold a port"))
    }

    @Test func `a token of several words is refused before it is sent`() {
        chmod(directory.write("a\r\nHost: x", to: "admin.token"), 0o600)
        directory.write("1", to: "api.port")
        let output = CapturedOutput()
        #expect(Syncctl.run(words("status --root \(directory.path)"), Surroundings(), output) == .notReachable)
    }

    @Test func `a socket's name of 107 bytes stands, one of 108 goes through the directory`() throws {
        let length = 107 - "/agent.sock".utf8.count
        let home =
            [UInt8](repeating: UInt8(ascii: "/"), count: 1) + [UInt8](repeating: UInt8(ascii: "x"), count: length - 1)
        #expect(try AgentSocket(home: home).path.utf8.count == 107)
        #expect(throws: SmallFile.Unreadable(code: ENOENT)) { try AgentSocket(home: home + [UInt8(ascii: "x")]) }
        let long = directory.makeDirectory("\(String(repeating: "d", count: 90))/\(String(repeating: "e", count: 90))")
        let socket = try AgentSocket(home: Array(long))
        #expect(socket.path.hasPrefix("/proc/self/fd/") && socket.path.hasSuffix("/agent.sock"))
    }
}
