import Glibc

internal import CSSH2

/// A detached thread of the operating system's: blocking C calls never run on the cooperative pool.
enum OSThread {
    private final class Body {
        private let name: String
        private let body: @Sendable () -> Void

        init(_ name: String, _ body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }

        func run() {
            synchub_name_thread(name)
            body()
        }
    }

    /// - Throws: ``SSHError/closed(reason:)`` if the system has no thread left to give.
    static func start(_ name: String, _ run: @escaping @Sendable () -> Void) throws(SSHError) {
        var thread = pthread_t()
        // SAFETY: retained here, released once by the thread that runs it (or below, when there is no thread).
        let body = Unmanaged.passRetained(Body(name, run))
        let code = pthread_create(
            &thread, nil,
            { argument in
                // SAFETY: the argument is the body that was retained for this thread.
                Unmanaged<Body>.fromOpaque(argument!).takeRetainedValue().run()
                return nil
            }, body.toOpaque())
        guard code == 0 else {
            body.release()
            throw .closed(reason: "no thread for it: \(SystemError.text(code))")
        }
        pthread_detach(thread)
    }
}
