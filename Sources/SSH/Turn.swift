import Glibc

/// One thread after another. Not reentrant.
final class Turn: @unchecked Sendable {
    // SAFETY: a pthread mutex is made for sharing; its memory stays where it is until deinit.
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)

    init() { pthread_mutex_init(mutex, nil) }

    deinit {
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
    }

    func take<Result>(_ body: () throws(SSHError) -> Result) throws(SSHError) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body()
    }
}
