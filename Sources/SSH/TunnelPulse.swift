internal import CSSH2

/// Whether the server still answers. A session channel on which no program runs: a request for an environment variable
/// gets an answer (a refusal), which libssh2 takes off its queue. It never takes off the answer to its own keepalive, so
/// that a connection of weeks would grow and slow down. Reading the channel also reads for all others. It is opened when the tunnel has
/// lived for a moment: what is short needs none, and the first request does not wait for it.
final class TunnelPulse {
    private var channel: OpaquePointer?
    /// Whether the server was asked for the channel, and has not answered.
    private(set) var isOpening = false
    private let opensAt: Deadline
    private let wire: TunnelWire
    private let interval: Duration
    private let patience: Duration
    private var isAsking = false
    private var seen: UInt64 = 0
    private var nextQuestion: Deadline
    private var end: Deadline

    /// - Parameters:
    ///   - interval: of silence, before the server is asked.
    ///   - patience: from the question to the end.
    init(_ wire: TunnelWire, interval: Duration, patience: Duration) {
        self.wire = wire
        self.interval = interval
        self.patience = patience
        opensAt = .after(min(interval, TunnelPulse.moment))
        nextQuestion = .after(interval)
        end = .after(interval + patience)
    }

    /// In bytes. Nothing is ever sent on this channel.
    private static let window: UInt32 = 1 << 16
    /// See the type's description.
    private static let moment: Duration = .seconds(1)

    /// For how long the loop may sleep.
    var deadline: Deadline {
        if isAsking || isOpening { return end }
        if channel != nil { return nextQuestion }
        // It waits its turn behind a channel that is being opened: what ends that wakes the loop.
        return opensAt.hasPassed ? end : opensAt
    }

    /// Whether somebody reads what the server sends, whatever other channels there are.
    var isReading: Bool { channel != nil || isOpening }

    /// Opens the channel when it is time; libssh2 opens one at a time.
    func open(_ session: SSHSession) throws(SSHError) {
        guard channel == nil, isOpening || opensAt.hasPassed else { return }
        channel = libssh2_channel_open_ex(
            session.handle, "session", 7, TunnelPulse.window, UInt32(LIBSSH2_CHANNEL_PACKET_DEFAULT), nil, 0)
        isOpening = false
        if channel != nil { return }
        let code = libssh2_session_last_errno(session.handle)
        guard code == LIBSSH2_ERROR_EAGAIN else { throw session.error(Int(code)) }
        isOpening = true
    }

    /// Takes in whatever the socket has, for every channel.
    func drain(_ session: SSHSession) throws(SSHError) {
        guard let channel else { return }
        var nothing: CChar = 0
        let count = libssh2_channel_read_ex(channel, 0, &nothing, 1)
        if count < 0 && count != Int(LIBSSH2_ERROR_EAGAIN) { throw session.error(count) }
        if count == 0 && libssh2_channel_eof(channel) != 0 {
            throw session.fail(.closed(reason: "the server closed the session"))
        }
    }

    /// - Throws: ``SSHError/timedOut(doing:)`` when the server has been silent for too long.
    func beat(_ session: SSHSession) throws(SSHError) {
        if isAsking, let channel {
            // Any answer will do, and a refusal is the usual one.
            let code = libssh2_channel_setenv_ex(channel, "SYNCHUB_ALIVE", 13, "1", 1)
            isAsking = code == LIBSSH2_ERROR_EAGAIN
        }
        if wire.movement != seen {
            seen = wire.movement
            nextQuestion = .after(interval)
            end = .after(interval + patience)
        } else if end.hasPassed {
            throw session.fail(.timedOut(doing: "waiting for a sign of life from the server"))
        } else if let channel, nextQuestion.hasPassed && !isAsking {
            isAsking = libssh2_channel_setenv_ex(channel, "SYNCHUB_ALIVE", 13, "1", 1) == LIBSSH2_ERROR_EAGAIN
        }
    }
}
