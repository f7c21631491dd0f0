import Glibc

/// Where a command's words go.
protocol Output: AnyObject {
    var appearance: Appearance { get }
    /// Whether stdout is one.
    var isTerminal: Bool { get }
    /// To stdout. Throws ``Failure/failed(_:)`` when it cannot be written: results are not lost silently.
    func result(_ text: String) throws(Failure)
    /// The same for what nobody else may read.
    func secret(_ text: String) throws(Failure)
    /// To stderr.
    func note(_ text: String)
}

extension Output {
    var isTerminal: Bool { false }
    func secret(_ text: String) throws(Failure) { try result(text) }
}

/// The process's own streams. Used by one thread.
final class StandardOutput: Output {
    private let isStyled: Bool

    init(_ surroundings: Surroundings) {
        isStyled = Appearance.isStyled(
            isTerminal: isatty(STDOUT_FILENO) == 1, noColor: surroundings.text("NO_COLOR"),
            term: surroundings.text("TERM"))
    }

    var appearance: Appearance { Appearance(isStyled: isStyled, now: Int64(time(nil))) }

    var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

    func result(_ text: String) throws(Failure) {
        if let code = StandardOutput.write(text, to: STDOUT_FILENO) {
            throw .failed("the result cannot be written (\(errorText(code))); see where stdout leads")
        }
    }

    /// A file that stdout was sent to is its owner's alone before anything is in it.
    func secret(_ text: String) throws(Failure) {
        var status = stat()
        if fstat(STDOUT_FILENO, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_mode & 0o077 != 0,
            fchmod(STDOUT_FILENO, status.st_mode & 0o700) != 0
        {
            note("syncctl: others can read the file that this goes to, and it is a secret: chmod 600 it\n")
        }
        try result(text)
    }

    func note(_ text: String) { _ = StandardOutput.write(text, to: STDERR_FILENO) }

    /// - Returns: the `errno` of a failure.
    private static func write(_ text: String, to descriptor: Int32) -> Int32? {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            if count < 0, errno == EAGAIN {
                // A terminal that another program left non-blocking: until it takes more.
                var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&waiting, 1, -1)
                continue
            }
            if count <= 0 { return errno }
            rest = rest.dropFirst(count)
        }
        return nil
    }
}

/// The text of an `errno`.
// SAFETY: glibc's strerror is thread-safe since 2.32 and always answers with a NUL-terminated text.
func errorText(_ code: Int32) -> String { String(cString: strerror(code)) }
