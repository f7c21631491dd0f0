internal import CLinux
import Glibc

/// Knowledge that nobody has a file open for writing: `fcntl(F_SETLEASE, F_RDLCK)`. While it is held, whoever opens the
/// file for writing waits (up to /proc/sys/fs/lease-break-time), so keep it for a few calls only.
struct WriterLease: ~Copyable {
    enum Answer: ~Copyable {
        /// No writer, and none comes in before this value goes away.
        case granted(WriterLease)
        case writerActive
        /// Not the owner, or no leases on this file system.
        case unknown

        var isWriterActive: Bool {
            switch self {
            case .writerActive: true
            case .granted: false
            case .unknown: false
            }
        }
    }

    private let descriptor: Descriptor

    private init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }

    deinit { _ = linux_lease_release(descriptor.raw) }

    /// Whether it held until now: false if a writer came and waits, with what it opened before any rename.
    var stands: Bool { linux_lease_stands(descriptor.raw) == 1 }

    /// - Parameter file: open for reading.
    static func take(_ file: consuming Descriptor) -> Answer {
        if linux_lease_take(file.raw) == 0 { return .granted(WriterLease(file)) }
        return errno == EAGAIN ? .writerActive : .unknown
    }

    /// Whether a writer is there; nil where that cannot be told.
    /// - Parameter file: open for reading; stays the caller's.
    static func isWriterActive(_ file: Int32) -> Bool? {
        if linux_lease_take(file) == 0 {
            _ = linux_lease_release(file)
            return false
        }
        return errno == EAGAIN ? true : nil
    }
}

extension Entry {
    /// Asks for a lease on the file of this name if it still is that inode; unknown for all that is no file.
    func lease(on expected: FileIdentity) -> WriterLease.Answer {
        guard let status = try? status(), status.kind == .file, status.identity == expected,
            let file = open(O_RDONLY | O_NONBLOCK), file.status()?.identity == expected
        else { return .unknown }
        return WriterLease.take(file)
    }
}
