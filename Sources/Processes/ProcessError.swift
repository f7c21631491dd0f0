import Glibc

/// A program that did not start.
package struct ProcessError: Error, Hashable, Sendable, CustomStringConvertible {
    /// As it was asked for.
    package let executable: String
    /// The errno value.
    package let code: Int32

    package init(executable: String, code: Int32) {
        self.executable = executable
        self.code = code
    }

    package var description: String {
        let advice =
            switch code {
            case ENOENT: "there is no such program (or its interpreter is missing); install it or correct the path"
            case EACCES, EPERM: "it may not be executed; check its permissions"
            case EAGAIN, ENOMEM: "there are too many processes or too little memory; look at the limits of the service"
            case EMFILE, ENFILE: "too many files are open; raise the limit (LimitNOFILE)"
            default: String(cString: strerror(code))
            }
        return "cannot start '\(executable)': \(advice)"
    }
}

/// How a process ended.
package enum ExitStatus: Hashable, Sendable, CustomStringConvertible {
    case exited(Int32)
    case signalled(Int32)

    /// From what waitpid gave.
    init(waitStatus: Int32) {
        let signal = waitStatus & 0x7F
        self = signal == 0 ? .exited(waitStatus >> 8 & 0xFF) : .signalled(signal)
    }

    /// Exit status 0.
    package var isSuccess: Bool { self == .exited(0) }

    package var description: String {
        switch self {
        case .exited(let code): "exit status \(code)"
        case .signalled(let signal): "signal \(signal) (\(String(cString: strsignal(signal))))"
        }
    }
}
