internal import CLinux
import Glibc
import Processes

/// Runs `body` on a thread that is the user `nobody` when the tests run as root, who sees no permission refused.
package func asOrdinaryUser<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) throws -> Result {
    let outcome = Monitor<Swift.Result<Result, Error>?>(nil)
    startThread("ordinary user") {
        if geteuid() == 0 {
            let changed = linux_thread_become_user(ordinaryUser)
            precondition(changed == 0, "cannot become an ordinary user: errno \(errno)")
        }
        let result = Swift.Result { try body() }
        outcome.withLock { $0 = result }
    }
    return try outcome.wait { $0 }!.get()  // SAFETY: without a time limit there is always an answer.
}

/// `nobody` for root, else who runs the tests.
package let ordinaryUser: UInt32 = geteuid() == 0 ? 65534 : geteuid()
