import Glibc

/// Makes directories in one another, all of one name, beyond what any path can say.
/// - Parameters:
///   - parent: an existing directory.
///   - file: the name of an empty file in the last one; nil for none.
package func makeDeepDirectory(in parent: String, levels: Int, name: String = "d", file: String? = nil) {
    var directory = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    precondition(directory >= 0, "cannot open \(parent): errno \(errno)")
    for _ in 0..<levels {
        precondition(mkdirat(directory, name, 0o755) == 0, "cannot make \(name): errno \(errno)")
        let next = openat(directory, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        precondition(next >= 0, "cannot open \(name): errno \(errno)")
        close(directory)
        directory = next
    }
    if let file {
        let made = openat(directory, file, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
        precondition(made >= 0, "cannot make \(file): errno \(errno)")
        close(made)
    }
    close(directory)
}
