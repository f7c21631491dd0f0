import Glibc
import Processes

/// A calendar that is wrong, for programs of a ``Fleet``: what only goes forward stays right, and so do the times that the
/// kernel gives to files.
package struct FleetClock: Sendable {
    let environment: [String: String]

    /// - Parameters:
    ///   - days: how far it is ahead.
    ///   - directory: a library is made there, with the machine's C compiler.
    package init(ahead days: Int, in directory: TemporaryDirectory) throws {
        let library = directory.path("clock.so")
        if access(library, R_OK) != 0 {
            guard let compiler = findExecutable("cc") ?? findExecutable("clang") else {
                throw FleetProgram.Failure("there is no C compiler: a test of wrong clocks needs one")
            }
            let source = "/" + "\(#filePath)".split(separator: "/").dropLast(3).joined(separator: "/")
            let made = try run(
                compiler, ["-shared", "-fPIC", "-O1", "-o", library, source + "/contrib/torturing/clock.c"],
                environment: FleetProgram.environment)
            guard made.status.isSuccess else { throw FleetProgram.Failure("the wrong clock: \(made.errorText)") }
        }
        let seconds = days * 86_400
        environment = ["LD_PRELOAD": library, "WRONG_CLOCK": "\(seconds) \(seconds) 1"]
    }
}
