internal import CLinux
import Glibc

/// What a program did that ran to its end.
package struct Completed: Hashable, Sendable {
    /// How it ended.
    package let status: ExitStatus
    /// What it wrote to standard output.
    package let output: [UInt8]
    /// What it wrote to standard error.
    package let errors: [UInt8]
    /// It (and its process group) was killed because the time was over.
    package let timedOut: Bool
    /// It was killed because it wrote more than the limit, which is what is here.
    package let overflowed: Bool

    /// As text, for messages.
    package var outputText: String { String(decoding: output, as: UTF8.self) }
    /// As text, for messages.
    package var errorText: String { String(decoding: errors, as: UTF8.self) }
}

/// Runs a program to its end and takes what it writes. Blocks. SIGPIPE is ignored in this process from then on.
/// - Parameter executable: a path; see ``findExecutable(_:)``.
/// - Parameter environment: nil: ours.
/// - Parameter limit: of output and of errors, in bytes each.
/// - Parameter timeout: then it is killed, with the process group that it gets.
/// - Throws: ``ProcessError`` when it does not start.
package func run(
    _ executable: String, _ arguments: [String] = [], environment: [String: String]? = nil, directory: String? = nil,
    input: [UInt8] = [], limit: Int = 16 << 20, timeout: Duration = .seconds(60)
) throws(ProcessError) -> Completed {
    linux_ignore_sigpipe()
    let child = try ChildProcess(
        executable, arguments,
        ChildProcess.Options(
            environment: environment, directory: directory, input: input.isEmpty ? .null : .pipe, output: .pipe,
            errors: .pipe, newGroup: true, diesWithParent: true))
    let capture = Capture(child, input: input, limit: limit)
    let ending = capture.follow(until: Deadline(after: timeout))
    if ending != .finished { child.signalGroup(SIGKILL) }
    let status = child.wait()
    capture.takeRest()
    return Completed(
        status: status, output: Array(capture.output.prefix(limit)), errors: Array(capture.errors.prefix(limit)),
        timedOut: ending == .timedOut, overflowed: ending == .overflowed)
}

/// Feeds and reads a child's three pipes with poll(2).
private final class Capture {
    enum Ending { case finished, timedOut, overflowed }

    private let child: ChildProcess
    private let limit: Int
    private var rest: ArraySlice<UInt8>
    private(set) var output: [UInt8] = []
    private(set) var errors: [UInt8] = []
    /// Readable when the child has ended; a grandchild may keep the pipes open for ever.
    private let exit: PipeEnd

    init(_ child: ChildProcess, input: [UInt8], limit: Int) {
        self.child = child
        self.limit = limit
        rest = input[...]
        for end in [child.input, child.output, child.errors].compactMap({ $0 }) {
            let flags = fcntl(end.descriptor, F_GETFL)
            _ = fcntl(end.descriptor, F_SETFL, flags | O_NONBLOCK)
        }
        var ends: [Int32] = [-1, -1]
        let piped = linux_pipe(&ends)
        precondition(piped == 0, "too many open files")
        exit = PipeEnd(ends[0])
        let bell = PipeEnd(ends[1])
        child.onExit { _ in bell.close() }
    }

    func follow(until deadline: Deadline) -> Ending {
        while child.output!.descriptor >= 0 || child.errors!.descriptor >= 0 {  // SAFETY: made as pipes by run().
            let left = deadline.milliseconds
            if left == 0 { return .timedOut }
            var polled = [
                pollfd(fd: child.output!.descriptor, events: Int16(POLLIN), revents: 0),  // SAFETY: as above.
                pollfd(fd: child.errors!.descriptor, events: Int16(POLLIN), revents: 0),  // SAFETY: as above.
                pollfd(fd: exit.descriptor, events: Int16(POLLIN), revents: 0),
                pollfd(fd: child.input?.descriptor ?? -1, events: Int16(POLLOUT), revents: 0),
            ]
            let ready = poll(&polled, nfds_t(polled.count), left)
            if ready < 0 { continue }  // EINTR
            if polled[3].revents != 0 { feed() }
            takeRest()
            if output.count > limit || errors.count > limit { return .overflowed }
            if polled[2].revents != 0 { return .finished }
        }
        return child.wait(timeout: .milliseconds(Int(deadline.milliseconds))) == nil ? .timedOut : .finished
    }

    /// What is there to read now.
    func takeRest() {
        take(child.output, into: &output)
        take(child.errors, into: &errors)
    }

    private func take(_ end: PipeEnd?, into bytes: inout [UInt8]) {
        while let end, end.descriptor >= 0, bytes.count <= limit {
            guard let block = end.read() else { return }  // EAGAIN: nothing now
            if block.isEmpty { return end.close() }
            bytes += block
        }
    }

    private func feed() {
        guard let input = child.input else { return }
        let count = rest.prefix(65536).withUnsafeBytes { write(input.descriptor, $0.baseAddress, $0.count) }
        if count < 0 && (errno == EAGAIN || errno == EINTR) { return }
        rest = rest.dropFirst(max(count, 0))
        if rest.isEmpty || count < 0 { input.close() }
    }
}
