import Glibc
import Processes
import TestSupport
import Testing

/// Whoever listens at the API's port of a hub that is down.
@Suite(.fleet)
struct ImpostorTests {
    @Test(arguments: [(401, "unauthorized"), (403, "revoked")])
    func `who takes the hub's place while it is down ends no agent, and is sent nothing`(
        status: Int, code: String
    ) throws {
        try withFleet(agents: ["ann", "bea"], running: false) { fleet in
            let (ann, bea) = (fleet["ann"], fleet["bea"])
            try ann.start()
            try ann.folder.write("x", to: "x")
            try fleet.wait(on: ["ann"])
            try fleet.hub.stop()
            let impostor = try Impostor(port: fleet.hub.apiPort, status: status, code: code)
            let sshd = try LeftSessions(of: fleet.hub)
            // It was told so, and has come again.
            try eventually("ann asks again") { impostor.requests.count >= 2 }
            #expect(ann.isRunning)
            let said = try ann.ctl("status")
            #expect(said.code == 3 && said.errors.contains("has not shown that it is the hub"), "\(said.errors)")
            for command in ["once", "rotate"] {
                let answer = try bea.run(command)
                #expect(
                    answer.code == 3 && answer.errors.contains("has not shown that it is the hub"),
                    "\(command): \(answer)")
            }
            #expect(try fleet.hub.ctl("status").code == 3)
            impostor.close()
            sshd.end()
            let tokens = [ann.home, bea.home].map { FleetFolder($0).text("token") ?? "" }
            for request in impostor.requests {
                #expect(request.hasPrefix("GET /v1/proof?"))
                #expect(!tokens.contains { $0.isEmpty || request.contains($0) })
            }
            try fleet.hub.start()
            try ann.folder.write("y", to: "y")
            try fleet.wait(on: ["ann"])
            try bea.run("once").expectDone()
            #expect(bea.folder.text("x") == "x" && bea.folder.text("y") == "y")
        }
    }
}

/// The SSH server of a hub that was killed.
private final class LeftSessions {
    private let child: ChildProcess

    init(of hub: FleetHub) throws {
        let options = [
            "HostKey=\(hub.root)/ssh/ssh_host_ed25519_key", "AuthorizedKeysFile=\(hub.root)/ssh/authorized_keys",
            "ListenAddress=127.0.0.1:\(hub.sftpPort)", "StrictModes=no", "UsePAM=no", "PermitRootLogin=yes",
            "PidFile=none",
        ]
        child = try ChildProcess(
            findExecutable("sshd") ?? "/usr/sbin/sshd", ["-D", "-f", "/dev/null"] + options.flatMap { ["-o", $0] },
            ChildProcess.Options(output: .null, errors: .null, newGroup: true, diesWithParent: true))
        try eventually("sshd answers") {
            guard let socket = try? SSHDServer.connectLoopback(hub.sftpPort) else { return false }
            Glibc.close(socket)
            return true
        }
    }

    func end() {
        for pid in ProcessTable().descendants(of: child.pid) { kill(pid, SIGKILL) }
        child.kill()
        _ = child.wait()
    }

    deinit { if child.exitStatus == nil { end() } }
}

/// Answers each request in the same way.
private final class Impostor: Sendable {
    private let listener: Int32
    private let asked = Monitor<[String]>([])

    init(port: UInt16, status: Int, code: String) throws {
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var on: Int32 = 1
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = port.bigEndian
        name.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let listener = listener
        let result = withUnsafePointer(to: &name) {
            // SAFETY: a sockaddr_in is a sockaddr of its family, and its size goes along.
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) | listen(listener, 16)
            }
        }
        guard result == 0 else { throw FleetProgram.Failure("port \(port): errno \(errno)") }
        let body = #"{"error":{"code":"\#(code)","message":"somebody says so"}}"#
        let answer =
            "HTTP/1.1 \(status) No\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n"
            + "Connection: close\r\n\r\n\(body)"
        startThread("impostor") { [asked] in
            while true {
                let peer = accept(listener, nil, nil)
                guard peer >= 0 else { break }
                var request: [UInt8] = []
                var byte: UInt8 = 0
                while !request.reversed().starts(with: "\n\r\n\r".utf8), recv(peer, &byte, 1, 0) == 1 {
                    request.append(byte)
                }
                if !request.isEmpty { asked.withLock { $0.append(String(decoding: request, as: UTF8.self)) } }
                _ = send(peer, answer, answer.utf8.count, Int32(MSG_NOSIGNAL))
                Glibc.close(peer)
            }
        }
    }

    var requests: [String] { asked.withLock { $0 } }

    /// Wakes the thread, which ends.
    func close() { shutdown(listener, Int32(SHUT_RDWR)) }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        Glibc.close(listener)
    }
}
