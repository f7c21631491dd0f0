internal import CLinux
import Glibc

/// A socket for what a child says: each of its writes arrives as one record, with the number of the process that made it, which the
/// kernel adds. Nothing that is in a record can look like a second one. Our end closes with the last reference; one thread at a time.
package final class RecordSocket: @unchecked Sendable {
    // SAFETY of Sendable: ours never changes, and the child's end is closed by the one thread that starts the child.
    /// What one write said.
    package struct Record: Hashable, Sendable {
        /// As they were written, cut at ``RecordSocket/limit``.
        package var bytes: [UInt8]
        /// The process that wrote it; nil if the kernel does not say.
        package var writer: Int32?

        package init(bytes: [UInt8], writer: Int32?) {
            self.bytes = bytes
            self.writer = writer
        }
    }

    /// Of a record, in bytes.
    package static let limit = 8_192
    private let ours: Int32
    private var childs: Int32

    /// - Throws: ``ProcessError`` in the name of the program that is to write.
    package init(for executable: String) throws(ProcessError) {
        var ends: [Int32] = [-1, -1]
        guard linux_record_sockets(&ends) == 0 else { throw ProcessError(executable: executable, code: errno) }
        (ours, childs) = (ends[0], ends[1])
    }

    deinit {
        closeChildsEnd()
        close(ours)
    }

    /// For ``ChildProcess/Stream/descriptor(_:)``.
    package var childsEnd: Int32 { childs }

    /// Once the child has it: reading ends when nobody else has it any more.
    package func closeChildsEnd() {
        if childs >= 0 { close(childs) }
        childs = -1
    }

    /// The next record; blocks. Nil when nobody is left who could write one.
    package func read() -> Record? {
        var bytes = [UInt8](repeating: 0, count: RecordSocket.limit)
        var writer: pid_t = 0
        let count = bytes.withUnsafeMutableBytes { linux_read_record(ours, $0.baseAddress, $0.count, &writer) }
        return count > 0 ? Record(bytes: Array(bytes.prefix(count)), writer: writer > 0 ? writer : nil) : nil
    }
}
