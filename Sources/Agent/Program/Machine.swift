import Glibc
internal import Hashing
internal import SyncCore

/// What tells this machine from another one that has the same home, such as a cloned disk.
enum Machine {
    /// A digest (hex) of the kernel's boot id and of the home's device and inode: the same for each start of the agent
    /// until the next boot, another one for each copy. Nil where that cannot be told.
    static func identity(home: String) -> String? {
        var status = stat()
        guard stat(home, &status) == 0, let boot = try? Files.read("/proc/sys/kernel/random/boot_id") else {
            return nil
        }
        let text = "\(status.st_dev) \(status.st_ino) "
        return sha256(Array(text.utf8) + boot).map(Escaping.hex).joined()
    }
}
