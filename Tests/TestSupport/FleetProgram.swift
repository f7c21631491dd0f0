import Glibc
import Processes

/// One of our programs, started from the directory of the build, with its complaints in a log file.
package final class FleetProgram: Sendable {
    /// Why a fleet could not do what a test asked.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
        package init(_ description: String) { self.description = description }
    }

    package let child: ChildProcess
    package let logPath: String
    private let firstLine = Monitor<String?>(nil)

    /// Where the programs lie: beside the tests.
    package static let directory: String = {
        var path = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &path, path.count)
        let own = String(decoding: path.prefix(max(count, 0)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let beside = own.lastIndex(of: "/").map { String(own[..<$0]) } ?? "."
        if access(beside + "/synchub", X_OK) == 0 { return beside }
        let source = "\(#filePath)".split(separator: "/").dropLast(3).joined(separator: "/")
        return "/\(source)/.build/debug"
    }()

    /// - Parameters:
    ///   - log: where its standard error goes, at the end of what is there.
    ///   - user: it runs as this one; nil for ours.
    ///   - preload: it is started with this; nil for nothing unusual.
    package init(
        _ name: String, _ arguments: [String], log: String, user: UInt32? = nil, preload: FleetPreload? = nil
    ) throws {
        logPath = log
        let descriptor = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw Failure("cannot open \(log)") }
        defer { close(descriptor) }
        let (program, all) = FleetProgram.command(name, arguments, user)
        child = try ChildProcess(
            program, all,
            ChildProcess.Options(
                environment: FleetProgram.environment.merging(preload?.environment ?? [:]) { $1 }, output: .pipe,
                errors: .descriptor(descriptor), newGroup: true,
                diesWithParent: true))
        readOutput()
    }

    static var environment: [String: String] {
        var variables = ["SYNC_TRACE": "debug"]
        for name in ["PATH", "HOME", "LD_LIBRARY_PATH", "SYNC_TRACE", "TMPDIR"] {
            if let value = getenv(name) { variables[name] = String(cString: value) }
        }
        return variables
    }

    static func command(_ name: String, _ arguments: [String], _ user: UInt32?) -> (String, [String]) {
        let program = "\(directory)/\(name)"
        guard let user, let setpriv = findExecutable("setpriv") else { return (program, arguments) }
        return (setpriv, ["--reuid=\(user)", "--regid=\(user)", "--clear-groups", program] + arguments)
    }

    private func readOutput() {
        guard let output = child.output else { return }
        let firstLine = firstLine
        startThread("output") {
            var text: [UInt8] = []
            while let block = output.read(), !block.isEmpty {
                text += block
                if let end = text.firstIndex(of: UInt8(ascii: "\n")) {
                    let line = String(decoding: text[..<end], as: UTF8.self)
                    firstLine.withLock { if $0 == nil { $0 = line } }
                }
            }
            firstLine.withLock { if $0 == nil { $0 = "" } }
        }
    }

    /// Blocks until it has written its first line to standard output; empty if it ended without.
    package func waitForFirstLine(_ timeout: Duration = .seconds(30)) throws -> String {
        guard let line = firstLine.wait(timeout: timeout, { $0 }) else {
            throw Failure("no line on standard output after \(timeout)\n\(logTail)")
        }
        return line
    }

    /// SIGTERM, and waits.
    /// - Throws: when it has not ended in time; it is killed then.
    @discardableResult
    package func stop(_ timeout: Duration = .seconds(15)) throws -> ExitStatus {
        child.terminate()
        if let status = child.wait(timeout: timeout) { return status }
        child.kill()
        _ = child.wait()
        throw Failure("it did not end within \(timeout) of SIGTERM\n\(logTail)")
    }

    /// SIGKILL, and waits.
    package func kill() {
        child.kill()
        _ = child.wait()
    }

    package var isRunning: Bool { child.exitStatus == nil }

    /// The last lines of what it wrote to standard error.
    package var logTail: String { FleetProgram.tail(of: logPath) }

    static func tail(of path: String, lines: Int = 40) -> String {
        let text = FleetFolder("").text(FleetPath(path)) ?? ""
        return text.split(separator: "\n").suffix(lines).joined(separator: "\n")
    }
}

/// Blocks until something that can be observed is so.
/// - Throws: ``FleetProgram/Failure`` when the time is over.
package func eventually(
    _ what: @autoclosure () -> String, within limit: Duration = .seconds(20), _ condition: () throws -> Bool
) throws {
    let end = ContinuousClock.now + limit
    while try !condition() {
        if ContinuousClock.now > end { throw FleetProgram.Failure("after \(limit) it still is not so: \(what())") }
        usleep(5_000)
    }
}
