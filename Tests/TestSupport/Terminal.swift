import Glibc
import Processes

/// A terminal of the kernel's (a pseudoterminal) with nobody before it. Remembers all that was written to it.
package final class Terminal: Sendable {
    private let ours: Int32
    /// What a program writes to. Closed by ``run(_:_:)``, so that the end of the program is the end of what it writes.
    private let theirs: Int32
    private let written = Monitor((bytes: [UInt8](), isOver: false))

    /// - Parameter columns: its width.
    package init(columns: UInt16) throws {
        // As posix_openpt(3), unlockpt(3) and ptsname(3) do, which Swift does not see; and no child of another test inherits them.
        ours = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        var isLocked: Int32 = 0
        theirs =
            ioctl(ours, Terminal.setLock, &isLocked) == 0
            ? ioctl(ours, Terminal.openPeer, O_RDWR | O_NOCTTY | O_CLOEXEC) : -1
        var size = winsize(ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
        guard theirs >= 0, ioctl(ours, UInt(TIOCSWINSZ), &size) == 0 else {
            throw FleetProgram.Failure("no terminal: errno \(errno)")
        }
    }

    deinit { close(ours) }

    /// TIOCSPTLCK and TIOCGPTPEER (ioctl_tty(2)), as x86-64 and arm64 have them.
    private static let (setLock, openPeer) = (UInt(0x4004_5431), UInt(0x5441))

    /// Starts one of our programs with its complaints on this terminal, and nothing else of it there. Once.
    package func run(_ program: String, _ arguments: [String]) throws -> ChildProcess {
        defer { close(theirs) }
        let (path, all) = FleetProgram.command(program, arguments, nil)
        // What it logs would stand between.
        let environment = FleetProgram.environment.merging(["SYNC_TRACE": "error"]) { $1 }
        let child = try ChildProcess(
            path, all,
            ChildProcess.Options(
                environment: environment, output: .pipe, errors: .descriptor(theirs), newSession: true,
                diesWithParent: true))
        let (ours, written) = (ours, written)
        startThread("terminal") { [self] in
            var block = [UInt8](repeating: 0, count: 4096)
            while true {
                let count = read(ours, &block, block.count)
                if count < 0, errno == EINTR { continue }
                // EIO: nobody has it open any more.
                if count <= 0 { break }
                written.withLock { $0.bytes += block.prefix(count) }
            }
            written.withLock { $0.isOver = true }
            withExtendedLifetime(self) {}
        }
        return child
    }

    /// What was written so far.
    package var text: String { written.withLock { String(decoding: $0.bytes, as: UTF8.self) } }

    /// What was written, once nobody can write any more.
    package func allText() throws -> String {
        guard written.wait(timeout: .seconds(20), { $0.isOver ? () : nil }) != nil else {
            throw FleetProgram.Failure("the terminal is still used")
        }
        return text
    }

    /// What stands on it after a text of printed bytes, `\r`, `\n` and "erase to the end of the line" was written to it.
    package static func rows(after text: String) -> [String] {
        var rows: [[UInt8]] = [[]]
        var column = 0
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "\r"): column = 0
            case UInt8(ascii: "\n"): rows.append([])
            case 0x1B where rest.starts(with: Array("[K".utf8)):
                rest = rest.dropFirst(2)
                rows[rows.count - 1] = Array(rows[rows.count - 1].prefix(column))
            default:
                while rows[rows.count - 1].count <= column { rows[rows.count - 1].append(UInt8(ascii: " ")) }
                rows[rows.count - 1][column] = byte
                column += 1
            }
        }
        return rows.map { String(decoding: $0, as: UTF8.self) }
    }
}
