import Glibc

/// Where a program lies: looked for in `$PATH`, then where sshd and the like are, which users' paths leave out.
/// - Parameter name: with a slash in it: that file, if it can be executed.
package func findExecutable(_ name: String) -> String? {
    if name.contains("/") { return isExecutable(name) ? name : nil }
    let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/local/bin:/usr/bin:/bin"
    let directories = path.split(separator: ":").map(String.init) + ["/usr/local/sbin", "/usr/sbin", "/sbin"]
    return directories.map { "\($0)/\(name)" }.first(where: isExecutable)
}

private func isExecutable(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && access(path, X_OK) == 0
}
