internal import CLinux
import Glibc

/// Our end of a pipe to a child; closed with its last reference. One thread at a time.
package final class PipeEnd: @unchecked Sendable {
    // SAFETY of Sendable: the descriptor changes only in close(), and one thread at a time may use it.
    private var raw: Int32

    init(_ raw: Int32) { self.raw = raw }

    deinit { close() }

    /// -1 once closed.
    package var descriptor: Int32 { raw }

    /// The other end sees the end of the stream.
    package func close() {
        if raw >= 0 { _ = Glibc.close(raw) }
        raw = -1
    }

    /// The next bytes; empty at the end of the stream, nil on a failure.
    package func read(upTo count: Int = 65536) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = -1
        repeat {
            filled = bytes.withUnsafeMutableBytes { Glibc.read(raw, $0.baseAddress, $0.count) }
        } while filled < 0 && errno == EINTR
        return filled < 0 ? nil : Array(bytes.prefix(filled))
    }

    /// All of it.
    /// - Returns: false when the other end is closed (SIGPIPE must be ignored: see ``Signals``).
    package func write(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(raw, $0.baseAddress, $0.count) }
            if count < 0 && errno != EINTR { return false }
            rest = rest.dropFirst(max(count, 0))
        }
        return true
    }
}

/// The two ends of a standard stream. The child's end of a pipe closes with this value.
final class Plumbing {
    /// For ``linux_spawn``: -1 is /dev/null.
    let childs: Int32
    let ours: PipeEnd?
    private let toClose: PipeEnd?

    init(_ stream: ChildProcess.Stream, standard: Int32, _ executable: String) throws(ProcessError) {
        switch stream {
        case .null: (childs, ours, toClose) = (-1, nil, nil)
        case .inherit: (childs, ours, toClose) = (standard, nil, nil)
        case .descriptor(let descriptor): (childs, ours, toClose) = (descriptor, nil, nil)
        case .pipe:
            var ends: [Int32] = [-1, -1]
            guard linux_pipe(&ends) == 0 else { throw ProcessError(executable: executable, code: errno) }
            let (reading, writing) = (PipeEnd(ends[0]), PipeEnd(ends[1]))
            let isInput = standard == 0
            (childs, ours, toClose) = isInput ? (ends[0], writing, reading) : (ends[1], reading, writing)
        }
    }
}
