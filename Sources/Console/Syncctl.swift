import Arguments
import ControlAPI
import Glibc
import SyncCore

/// The program `syncctl`.
package enum Syncctl {
    /// Does what the command line of this process says, and ends it. Blocks: for the main thread.
    package static func main() -> Never {
        let surroundings = Surroundings.current()
        exit(run(processArguments(), surroundings, StandardOutput(surroundings)).rawValue)
    }

    /// Parse, request, render.
    static func run(_ arguments: [[UInt8]], _ surroundings: Surroundings, _ output: any Output) -> ExitCode {
        switch program.parse(arguments) {
        case .help(let text), .version(let text):
            return reporting(to: output, "") { () throws(Failure) in
                try output.result(text + "\n")
                return .done
            }
        case .wrongUsage(let text):
            output.note(text + "\n")
            return .wrongUsage
        case .run(let invocation):
            return reporting(to: output, invocation.command) { () throws(Failure) in
                let errand = try Errand(invocation)
                let target = Target.resolve(root: errand.root, home: errand.home, surroundings)
                let paths = SharePaths(target: target, workingDirectory: surroundings.workingDirectory)
                let runner = Runner(
                    calls: try HTTPCalls(target), output: output, asJSON: errand.asJSON, paths: paths)
                return try runner.run(errand.request)
            }
        }
    }

    /// A failure becomes a sentence on stderr and an exit code.
    private static func reporting(
        to output: any Output, _ command: String, _ work: () throws(Failure) -> ExitCode
    ) -> ExitCode {
        do throws(Failure) {
            return try work()
        } catch .wrongUsage(let problem) {
            output.note(program.wrongUsage(problem, command: command) + "\n")
            return .wrongUsage
        } catch {
            output.note("syncctl: \(SafeText.name(error.sentence))\n")
            return error.exitCode
        }
    }
}
