internal import ControlAPI
import Glibc
internal import Settings

/// An invite as it comes: in a file, or pasted.
enum InviteInput {
    /// - Parameter path: `-` is standard input, which is read up to the end of the invite's line: nobody has to say that it ends.
    /// - Throws: ``AgentFailure``, also for a file that others may read: whoever has an invite can join.
    static func read(_ path: String) throws -> InviteMessage {
        let bytes = path == "-" ? try standardInput() : try file(path)
        let invite: InviteMessage
        do { invite = try WireFormat.decode(InviteMessage.self, from: bytes) } catch {
            throw AgentFailure(
                .wrongUsage,
                "\(path == "-" ? "what was given" : path) is not an invite (\(error)); make one at the hub: syncctl invite NAME"
            )
        }
        if invite.v != 1 {
            throw AgentFailure(.wrongUsage, "this invite is of version \(invite.v); this program knows version 1")
        }
        return invite
    }

    private static func file(_ path: String) throws -> [UInt8] {
        var status = stat()
        // A pipe is nobody else's.
        if stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_mode & 0o077 != 0 {
            throw AgentFailure(
                .failed,
                "\(path) is an invite, and others may use it (its mode is 0\(String(status.st_mode & 0o777, radix: 8))): whoever has "
                    + "it can join. Make it private (chmod 600 \(path)), or give it by standard input: syncagent join - < \(path)"
            )
        }
        return try Files.read(path)
    }

    private static func standardInput() throws -> [UInt8] {
        let isTerminal = isatty(STDIN_FILENO) == 1
        if isTerminal { Files.note("paste the invite, one line, and press Enter:") }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 65_536)
        while bytes.count < 1 << 20, !isWhole(bytes, isTerminal: isTerminal) {
            let count = Glibc.read(STDIN_FILENO, &block, block.count)
            if count < 0, errno == EINTR { continue }
            if count <= 0 { break }
            bytes += block[..<count]
        }
        return bytes
    }

    /// Whether nothing more has to come: a line that says something has ended, and at a terminal that is all there is; otherwise it has to
    /// be an invite, so that one over several lines is read, too.
    static func isWhole(_ bytes: [UInt8], isTerminal: Bool) -> Bool {
        guard let last = bytes.lastIndex(of: UInt8(ascii: "\n")) else { return false }
        let line = bytes[..<last]
        guard line.contains(where: { $0 > 0x20 }) else { return false }
        return isTerminal || (try? WireFormat.decode(InviteMessage.self, from: Array(line))) != nil
    }
}
