import Glibc
import Processes
import TestSupport
import Testing

struct ProcessTests {
    private let shell = "/bin/sh"

    @Test func `a program's output, errors and status come back`() throws {
        let done = try run(shell, ["-c", "cat; echo wrong >&2; exit 3"], input: Array("in".utf8))
        #expect(done.outputText == "in" && done.errorText == "wrong\n")
        #expect(done.status == .exited(3) && !done.status.isSuccess)
        #expect(!done.timedOut && !done.overflowed)
    }

    @Test func `more input than a pipe holds passes both ways`() throws {
        let input = [UInt8](repeating: 0x61, count: 1 << 20)
        #expect(try run("/bin/cat", input: input).output == input)
        #expect(try run("/bin/true", input: input).status.isSuccess)
    }

    @Test func `arguments, environment and directory are given as they are`() throws {
        let done = try run(
            shell, ["-c", "printf '%s|%s|' \"$1\" \"$A\"; pwd", "sh", "a b'\"$"], environment: ["A": "x=y z"],
            directory: "/")
        #expect(done.outputText == "a b'\"$|x=y z|/\n")
    }

    @Test func `what a program says comes in records, each with the process that wrote it`() throws {
        let says = try RecordSocket(for: shell)
        let child = try ChildProcess(
            shell, ["-c", "printf 'one\\nand more' >&2; (printf 'two' >&2); exit 0"],
            ChildProcess.Options(output: .null, errors: .descriptor(says.childsEnd)))
        says.closeChildsEnd()
        #expect(says.read() == RecordSocket.Record(bytes: Array("one\nand more".utf8), writer: child.pid))
        let second = try #require(says.read())
        #expect(second.bytes == Array("two".utf8) && second.writer != nil && second.writer != child.pid)
        #expect(says.read() == nil)
        #expect(child.wait().isSuccess)
    }

    @Test func `a program that takes too long is killed with its children`() throws {
        let done = try run(shell, ["-c", "echo $$; sleep 1000 & sleep 1000"], timeout: .milliseconds(300))
        #expect(done.timedOut && done.status == .signalled(SIGKILL))
        let group = try #require(pid_t(done.outputText.split(separator: "\n").first ?? ""))
        // Killed ones may wait to be reaped by init; none runs.
        #expect(
            waitUntil {
                killpg(group, 0) != 0
                    || ProcessTable().entries.values.allSatisfy { $0.state == "Z" || getpgid($0.pid) != group }
            })
    }

    @Test func `a program that writes too much is killed`() throws {
        let done = try run("/usr/bin/yes", limit: 1000)
        #expect(done.overflowed && done.output.count == 1000)
    }

    @Test func `a grandchild that keeps the pipes open does not keep us`() throws {
        let done = try run(shell, ["-c", "sleep 1000 & echo $!"], timeout: .seconds(20))
        #expect(!done.timedOut && done.status.isSuccess)
        let sleeper = try #require(pid_t(done.outputText.split(separator: "\n").first ?? ""))
        kill(sleeper, SIGKILL)
    }

    @Test func `a program that is not there, or no program, is an error with its name`() throws {
        #expect(throws: ProcessError(executable: "/no/such", code: ENOENT)) { try run("/no/such") }
        #expect(throws: ProcessError(executable: "/etc/passwd", code: EACCES)) { try run("/etc/passwd") }
        #expect(throws: ProcessError(executable: "/bin/true", code: ENOENT)) {
            try run("/bin/true", directory: "/no/such")
        }
    }

    @Test func `a child is terminated, killed, waited for and observed`() throws {
        let child = try ChildProcess("/bin/sleep", ["1000"])
        let seen = Monitor<Processes.ExitStatus?>(nil)
        child.onExit { status in seen.withLock { $0 = status } }
        #expect(child.exitStatus == nil)
        #expect(child.wait(timeout: .milliseconds(10)) == nil)
        child.terminate()
        #expect(child.wait() == .signalled(SIGTERM))
        #expect(seen.wait(timeout: .seconds(10)) { $0 } == .signalled(SIGTERM))
        child.kill()
        let late = Monitor<Processes.ExitStatus?>(nil)
        child.onExit { status in late.withLock { $0 = status } }
        #expect(late.wait(timeout: .zero) { $0 } == .signalled(SIGTERM))
    }

    @Test func `a child has default signals, none blocked, and no descriptor of ours`() throws {
        Signals.ignorePipe()
        let ours = open("/dev/null", O_RDONLY)  // without O_CLOEXEC
        defer { close(ours) }
        let done = try run(shell, ["-c", "grep -E '^Sig(Blk|Ign)' /proc/self/status; ls /proc/self/fd"])
        let lines = done.outputText.split(separator: "\n")
        // 32 and 33 are the C library's own, and may be inherited ignored from whoever started the tests.
        let masks = lines.prefix(2).compactMap { UInt64($0.suffix(16), radix: 16) }.map { $0 & ~0x1_8000_0000 }
        #expect(masks == [0, 0])
        #expect(Set(lines.dropFirst(2)) == ["0", "1", "2", "3"])  // 3 is the directory that ls reads
    }

    @Test func `streams may be descriptors, and a session of its own has its pid`() throws {
        try withTemporaryDirectory { directory in
            let file = open(directory.path("out"), O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
            defer { close(file) }
            let child = try ChildProcess(
                shell, ["-c", "echo $$; cut -d' ' -f6 /proc/$$/stat"],
                ChildProcess.Options(output: .descriptor(file), newSession: true))
            #expect(child.wait().isSuccess)
            let lines = (directory.text("out") ?? "").split(separator: "\n")
            #expect(lines == ["\(child.pid)", "\(child.pid)"])
        }
    }

    @Test func `a child that dies with its parent outlives the thread that asked for it`() throws {
        let started = Monitor<ChildProcess?>(nil)
        startThread("short") {
            let child = try? ChildProcess("/bin/sleep", ["1000"], ChildProcess.Options(diesWithParent: true))
            started.withLock { $0 = child }
        }
        let child = try #require(started.wait(timeout: .seconds(10)) { $0 })
        #expect(child.wait(timeout: .milliseconds(100)) == nil)
        child.kill()
        #expect(child.wait() == .signalled(SIGKILL))
    }

    @Test func `the table knows parents, descendants and command lines`() throws {
        let child = try ChildProcess(shell, ["-c", "sleep 1000; true"], ChildProcess.Options(newGroup: true))
        defer {
            child.signalGroup(SIGKILL)
            _ = child.wait()
        }
        #expect(waitUntil { ProcessTable().children(of: child.pid).count == 1 })
        let table = ProcessTable()
        let grandchild = try #require(table.children(of: child.pid).first)
        #expect(table.descendants(of: getpid()).contains(grandchild))
        #expect(!table.descendants(of: child.pid).contains(child.pid))
        #expect(table.entries[child.pid]?.parent == getpid())
        #expect(ProcessTable.commandLine(of: child.pid) == [shell, "-c", "sleep 1000; true"])
        #expect(waitUntil { ProcessTable.commandLine(of: grandchild) == ["sleep", "1000"] })
        #expect(ProcessTable.executable(of: getpid()) != nil)
        #expect(ProcessTable.commandLine(of: -5) == [])
    }

    @Test func `the holder of a port is found`() throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(listener) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = bind(listener, $0, size)
                listen(listener, 1)
                getsockname(listener, $0, &size)
            }
        }
        #expect(ProcessTable.holders(ofLocalPort: UInt16(bigEndian: address.sin_port)).contains(getpid()))
        #expect(ProcessTable.holders(ofLocalPort: 1) == [])
    }

    @Test func `programs are found in the path and beside it`() {
        #expect(findExecutable("sh")?.hasSuffix("/sh") == true)
        #expect(findExecutable("sshd") == "/usr/sbin/sshd" || findExecutable("sshd") == nil)
        #expect(findExecutable("/bin/sh") == "/bin/sh")
        #expect(findExecutable("/etc/passwd") == nil)
        #expect(findExecutable("no-such-program") == nil)
    }

    @Test func `a termination comes to its handler, and the process goes on`() throws {
        let seen = Monitor<[Int32]>([])
        Signals.onTermination { signal in seen.withLock { $0.append(signal) } }
        kill(getpid(), SIGHUP)
        #expect(seen.wait(timeout: .seconds(10)) { $0 == [SIGHUP] ? true : nil } == true)
        kill(getpid(), SIGTERM)
        #expect(seen.wait(timeout: .seconds(10)) { $0 == [SIGHUP, SIGTERM] ? true : nil } == true)
    }

    @Test func `a monitor wakes who waits, or tells that the time is over`() {
        let monitor = Monitor(0)
        startThread("counter") { for _ in 0..<100 { monitor.withLock { $0 += 1 } } }
        #expect(monitor.wait(timeout: .seconds(10)) { $0 == 100 ? $0 : nil } == 100)
        #expect(monitor.wait(timeout: .milliseconds(5)) { $0 == 101 ? $0 : nil } == nil)
    }
}

/// Looks again until it is so, for ten seconds at most.
private func waitUntil(_ condition: () -> Bool) -> Bool {
    for _ in 0..<1000 {
        if condition() { return true }
        usleep(10_000)
    }
    return false
}
