internal import ControlAPI
internal import Engine
internal import Processes
internal import SyncCore
import Glibc

/// One line on a terminal that says how far a pass is. Drawn by a thread of its own.
final class ProgressBar: Sendable {
    private let isOver = Monitor(false)
    private let hasEnded = Monitor(false)

    /// Draws while `body` runs, if errors go to a terminal.
    static func onTerminal<Value>(_ worker: FolderWorker, _ body: () throws -> Value) rethrows -> Value {
        guard isatty(STDERR_FILENO) == 1 else { return try body() }
        let bar = ProgressBar(worker)
        defer { bar.end() }
        return try body()
    }

    private init(_ worker: FolderWorker) {
        startThread("progress") { [self] in
            var progress = Progress()
            var hasDrawn = false
            while isOver.wait(timeout: .milliseconds(200), { $0 ? () : nil }) == nil {
                // Its turn comes between two steps of the pass.
                guard let (done, left, spared) = try? worker.perform({ ($0.progress, try $0.left(), $0.spared) })
                else { continue }
                progress.observe(total: done, left: left, spared: spared, at: Clock.uptime)
                guard let message = ProgressMessage(progress) else { continue }
                ProgressBar.write("\r" + ProgressBar.line(message, width: ProgressBar.width) + "\u{1b}[K")
                hasDrawn = true
            }
            if hasDrawn { ProgressBar.write("\r\u{1b}[K") }
            hasEnded.withLock { $0 = true }
        }
    }

    /// Takes the line away, and waits until that is done.
    private func end() {
        isOver.withLock { $0 = true }
        hasEnded.wait { $0 ? () : nil }
    }

    /// `[######----] 60 %  12 of 20 files, …`, cut to the width of the terminal.
    /// - Parameter width: in columns.
    static func line(_ message: ProgressMessage, width: Int) -> String {
        let bytes = message.done.bytes + message.left.bytes
        let (done, all) =
            bytes > 0
            ? (message.done.bytes, bytes) : (Int64(message.done.files), Int64(message.done.files + message.left.files))
        let share = all > 0 ? min(max(Double(done) / Double(all), 0), 1) : 0
        let filled = Int(share * Double(length))
        let bar = String(repeating: "#", count: filled) + String(repeating: "-", count: length - filled)
        let percent = Int(share * 100)
        // The last column stays free: some terminals begin a new line there.
        return String("[\(bar)] \(percent < 10 ? " " : "")\(percent) %  \(message.text)".prefix(max(width - 1, 1)))
    }

    private static let length = 20

    private static var width: Int {
        var size = winsize()
        guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }

    private static func write(_ text: String) {
        let bytes = Array(text.utf8)
        _ = Glibc.write(STDERR_FILENO, bytes, bytes.count)
    }
}
