import Glibc
import Processes

/// A hub of a ``Fleet``.
package final class FleetHub: @unchecked Sendable {
    // SAFETY of Sendable: used by the one thread of its test.
    package let root: String
    package let log: String
    package let sftpPort: UInt16
    package let apiPort: UInt16
    package private(set) var program: FleetProgram?

    private let hasDisk: Bool

    /// Makes it with `synchub init`.
    /// - Parameters:
    ///   - disk: the size of its disk in MiB; nil for no disk of its own.
    ///   - preparing: gets the directory that it is made in.
    package init(
        directory: TemporaryDirectory, name: String, disk: Int? = nil, preparing: ((String) throws -> Void)? = nil
    ) throws {
        root = directory.path(name)
        hasDisk = disk != nil
        log = directory.path(name + ".log")
        sftpPort = FleetPorts.free()
        var other = FleetPorts.free()
        while other == sftpPort { other = FleetPorts.free() }
        apiPort = other
        if let disk {
            directory.makeDirectory(name)
            try FleetHub.mount(["-t", "tmpfs", "-o", "size=\(disk)m,mode=700", "tmpfs", root])
        }
        if let preparing {
            directory.makeDirectory(name)
            try preparing(root)
        }
        let result = try run(
            FleetProgram.directory + "/synchub",
            [
                "init", "--root", root, "--name", name, "--listen", "127.0.0.1", "--sftp-port", "\(sftpPort)",
                "--api-port",
                "\(apiPort)",
            ], environment: FleetProgram.environment)
        guard result.status.isSuccess else { throw FleetProgram.Failure("synchub init: \(result.errorText)") }
    }

    private static func mount(_ arguments: [String]) throws {
        let done = try run("/bin/mount", arguments)
        guard done.status.isSuccess else { throw FleetProgram.Failure("mount: \(done.errorText)") }
    }

    /// Gives its disk another size, in MiB.
    package func resizeDisk(_ size: Int) throws { try FleetHub.mount(["-o", "remount,size=\(size)m", root]) }

    /// Nothing may use it any more.
    func removeDisk() { if hasDisk { _ = try? run("/bin/umount", ["-l", root]) } }

    deinit { removeDisk() }

    /// What clients have uploaded and is not used up.
    package func staged(by client: String) -> [String] {
        FleetFolder(root + "/staging/" + client).names().map { "\($0)" }
    }

    /// The live tree.
    package var share: FleetFolder { FleetFolder(root + "/share") }

    /// Changes its `hub.json5`.
    package func configure(_ change: (String) -> String) throws {
        let path = root + "/hub.json5"
        let file = open(path, O_RDWR | O_CLOEXEC)
        guard file >= 0 else { throw FleetProgram.Failure("\(path): errno \(errno)") }
        defer { close(file) }
        var room = [UInt8](repeating: 0, count: 1 << 16)
        let count = read(file, &room, room.count)
        let bytes = Array(change(String(decoding: room.prefix(max(count, 0)), as: UTF8.self)).utf8)
        guard ftruncate(file, 0) == 0, pwrite(file, bytes, bytes.count, 0) == bytes.count else {
            throw FleetProgram.Failure("\(path): errno \(errno)")
        }
    }

    /// Starts it, and returns when it answers.
    /// - Parameter preload: of it and its sessions; nil for nothing unusual.
    package func start(with preload: FleetPreload? = nil) throws {
        let program = try FleetProgram("synchub", ["run", "--root", root], log: log, preload: preload)
        self.program = program
        let line = try program.waitForFirstLine()
        guard line == "ready: sftp \(sftpPort), api \(apiPort)" else {
            throw FleetProgram.Failure("the hub said \"\(line)\"\n\(program.logTail)")
        }
    }

    /// SIGTERM, and waits.
    package func stop() throws {
        guard let program, program.isRunning else { return }
        let status = try program.stop()
        guard status.isSuccess else { throw FleetProgram.Failure("the hub ended with \(status)\n\(program.logTail)") }
    }

    /// SIGKILL, and waits.
    package func kill() { program?.kill() }

    /// The listening sshd.
    package var sshd: [pid_t] {
        guard let program else { return [] }
        return ProcessTable().children(of: program.child.pid)
    }

    /// Kills the listening sshd and every session of it.
    package func killSSHD() {
        guard let program else { return }
        for pid in ProcessTable().descendants(of: program.child.pid) { Glibc.kill(pid, SIGKILL) }
    }

    /// `syncctl` at the hub.
    @discardableResult
    package func ctl(_ arguments: String..., timeout: Duration = .seconds(60)) throws -> FleetAnswer {
        try ctl(arguments, timeout: timeout)
    }

    /// `syncctl` at the hub.
    package func ctl(_ arguments: [String], timeout: Duration = .seconds(60)) throws -> FleetAnswer {
        try FleetAnswer("syncctl", arguments + ["--root", root], timeout: timeout)
    }
}

/// What a program that ran to its end said.
package struct FleetAnswer: Sendable {
    /// What it ended with; minus the signal that it was ended by.
    package let code: Int32
    package let bytes: [UInt8]
    package let errors: String

    package init(
        _ name: String, _ arguments: [String], input: [UInt8] = [], user: UInt32? = nil, preload: FleetPreload? = nil,
        timeout: Duration = .seconds(60)
    ) throws {
        let (program, all) = FleetProgram.command(name, arguments, user)
        let result = try run(
            program, all, environment: FleetProgram.environment.merging(preload?.environment ?? [:]) { $1 },
            input: input, timeout: timeout)
        if result.timedOut { throw FleetProgram.Failure("\(name) \(arguments) did not end within \(timeout)") }
        switch result.status {
        case .exited(let status): code = status
        case .signalled(let signal): code = -signal
        }
        bytes = result.output
        errors = result.errorText
    }

    package var output: String { String(decoding: bytes, as: UTF8.self) }

    /// - Throws: unless it did what it was told.
    @discardableResult
    package func expectDone() throws -> FleetAnswer {
        if code != 0 { throw FleetProgram.Failure("it ended with \(code): \(output)\(errors)") }
        return self
    }
}
