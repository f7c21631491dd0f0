internal import CLinux
import Glibc

/// The line on which a session tells the hub what it does, at the session's end: sftp-server's own log. Where no hub listens a session
/// goes on without, and what it does is seen in the share alone.
struct SessionLine: Sendable {
    private let descriptor: Int32
    private let client: ClientName

    /// To be had before the session is confined. Nil when no hub listens.
    init?(_ layout: HubLayout, _ client: ClientName) {
        let directory = open(layout.sessions, LINUX_O_PATH | LINUX_O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { return nil }
        defer { close(directory) }
        let connection = linux_connect_for_records(directory, HubLayout.sessionSocket)
        guard connection >= 0 else { return nil }
        descriptor = connection
        self.client = client
    }

    /// Says who this is, and makes the line the standard error of this process and of what it executes. The working directory is where the
    /// session starts.
    /// - Parameter words: what sftp-server would be told without a line.
    /// - Returns: what it is to be told: with all that it does by name in its log.
    func begin(_ words: [String]) -> [String] {
        guard let start = getcwd(nil, 0) else { return words }
        defer { free(start) }
        // SAFETY: the text's own length goes along.
        let path = Array(UnsafeRawBufferPointer(start: start, count: strlen(start)))
        guard tell(SessionHello(client: client, start: path).bytes), dup2(descriptor, STDERR_FILENO) >= 0 else {
            return words
        }
        guard let level = words.firstIndex(of: "ERROR") else { return words }
        var words = words
        words[level] = "VERBOSE"
        return words
    }

    /// One record.
    /// - Returns: whether it was taken.
    @discardableResult
    func tell(_ record: [UInt8]) -> Bool {
        // SAFETY: the array's own length goes along.
        record.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) } == record.count
    }

    /// For who executes nothing.
    func end() { close(descriptor) }
}
