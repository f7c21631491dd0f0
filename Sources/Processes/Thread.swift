internal import CLinux

/// Runs `body` on a thread of its own, with all signals blocked: for calls that block.
/// - Parameter name: seen in `top -H`; 15 bytes count.
/// - Precondition: the system gives another thread (a machine that does not is past help).
package func startThread(_ name: String, _ body: @escaping @Sendable () -> Void) {
    let box = Unmanaged.passRetained(Box(body))
    let failure = linux_start_thread(
        name,
        { context in
            // SAFETY: retained for this thread, which releases it.
            Unmanaged<Box>.fromOpaque(context!).takeRetainedValue().body()
        }, box.toOpaque())
    precondition(failure == 0, "the system gives no thread: errno \(failure)")
}

private final class Box: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}
