import Arguments
import ControlAPI
import SyncCore
import Glibc

extension Runner {
    /// One request is held for a minute at most, so that a line that died in silence is noticed; the whole may take
    /// as long as it likes.
    private static var turn: Int64 { 60 }

    func wait(_ request: Request.WaitFor) throws(Failure) -> ExitCode {
        let path = try request.path.map { path throws(Failure) in try paths.wirePath(path, calls) }
        let start = Monotonic.seconds()
        while true {
            let left = request.timeout.map { max(0, $0 - Int64(Monotonic.seconds() - start)) }
            let turn = min(left ?? Runner.turn, Runner.turn)
            // The top of the share is everything.
            let message = WaitRequest(
                path: path == "" ? nil : path, on: request.on.isEmpty ? nil : request.on, timeout: Int(turn))
            let asked = Monotonic.seconds()
            let answer: WaitResponse = try calls.post(.wait, message, held: turn)
            if answer.inSync { return try inSync(answer) }
            if let timeout = request.timeout, Monotonic.seconds() - start >= Double(timeout) {
                return try timedOut(answer, after: timeout)
            }
            Monotonic.restUnlessHeld(since: asked)
        }
    }

    private func inSync(_ answer: WaitResponse) throws(Failure) -> ExitCode {
        try show(answer)
        return .done
    }

    private func timedOut(_ answer: WaitResponse, after seconds: Int64) throws(Failure) -> ExitCode {
        if asJSON { try show(answer) }
        output.note("syncctl: not in sync after \(Figures.duration(seconds)):\n" + answer.text(Appearance()))
        return .timedOut
    }
}

/// Time that no one sets.
enum Monotonic {
    /// Seconds since some moment.
    static func seconds() -> Double {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
    }

    /// A request that was to be held open but was answered at once is not repeated as fast as the machine can.
    static func restUnlessHeld(since asked: Double) {
        if seconds() - asked < 0.2 { usleep(200_000) }
    }
}
