import Glibc
import Processes

/// A library that programs of a ``Fleet`` are started with, so that something about them is not as usual.
package struct FleetPreload: Sendable {
    /// To be added to a program's variables.
    package let environment: [String: String]

    /// A calendar that is wrong: what only goes forward stays right, and so do the times that the kernel gives to files.
    /// - Parameters:
    ///   - days: how far it is ahead.
    ///   - directory: a library is made there, with the machine's C compiler.
    package static func clock(ahead days: Int, in directory: TemporaryDirectory) throws -> FleetPreload {
        let seconds = days * 86_400
        return FleetPreload([
            "LD_PRELOAD": try library("clock", in: directory), "WRONG_CLOCK": "\(seconds) \(seconds) 1",
        ])
    }

    /// SIGKILL before a certain act, counted from 1: see `contrib/torturing/killed.c`.
    package static func killed(
        _ program: String, before act: Int, in directory: TemporaryDirectory
    ) throws -> FleetPreload {
        FleetPreload([
            "LD_PRELOAD": try library("killed", in: directory), "KILLED_BEFORE": "\(program) \(act)",
        ])
    }

    private init(_ environment: [String: String]) { self.environment = environment }

    private static func library(_ name: String, in directory: TemporaryDirectory) throws -> String {
        let library = directory.path(name + ".so")
        if access(library, R_OK) == 0 { return library }
        guard let compiler = findExecutable("cc") ?? findExecutable("clang") else {
            throw FleetProgram.Failure("there is no C compiler: a test with \(name).c needs one")
        }
        let source = "/" + "\(#filePath)".split(separator: "/").dropLast(3).joined(separator: "/")
        let made = try run(
            compiler, ["-shared", "-fPIC", "-O1", "-o", library, source + "/contrib/torturing/\(name).c"],
            environment: FleetProgram.environment)
        guard made.status.isSuccess else { throw FleetProgram.Failure("\(name).c: \(made.errorText)") }
        return library
    }
}
