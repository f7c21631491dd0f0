internal import ControlAPI
internal import Engine
internal import Processes
internal import Transport

/// What a single pass does while the hub is called: the folder is looked at, the first files are read, and where more is to be
/// sent than comes behind a request a way for uploads is opened.
final class EarlyReading {
    let hashing: HashPass
    /// See ``HashPass/run()``.
    let first: Ahead<Result<(any: Bool, more: Bool), any Error>>

    init(_ worker: FolderWorker, _ uploads: EarlyUploads) {
        worker.lookAtEverything()
        let hashing = HashPass(worker: worker, sizes: 0..<HashPass.large, isStopping: { false })
        self.hashing = hashing
        nonisolated(unsafe) let handed = hashing  // SAFETY: nobody else uses it before `first` is there.
        first = Ahead("read-early") {
            worker.waitUntilLooked()
            if (try? worker.perform { try $0.hasMore(toRead: MessageWithBytes.most) }) == true {
                startThread("call-early") { uploads.prepare() }
            }
            return Result { try handed.run() }
        }
    }
}
