import Glibc

/// What a command knows of the process that it runs in.
package struct Surroundings: Sendable {
    /// Only what is set and not empty.
    var environment: [String: [UInt8]]
    /// Absolute, without symlinks; nil if it is gone.
    var workingDirectory: [UInt8]?
    /// The user's home, if the environment names none.
    var userHome: [UInt8]

    init(environment: [String: [UInt8]] = [:], workingDirectory: [UInt8]? = nil, userHome: [UInt8] = Array("/".utf8)) {
        self.environment = environment
        self.workingDirectory = workingDirectory
        self.userHome = userHome
    }

    /// Those of this process.
    static func current() -> Surroundings {
        let names = ["SYNCHUB_ROOT", "XDG_STATE_HOME", "HOME", "NO_COLOR", "TERM"]
        var environment: [String: [UInt8]] = [:]
        for name in names {
            if let value = getenv(name).map({ bytes($0) }), !value.isEmpty { environment[name] = value }
        }
        return Surroundings(
            environment: environment, workingDirectory: currentDirectory(),
            userHome: getpwuid(geteuid())?.pointee.pw_dir.map { bytes($0) } ?? Array("/".utf8))
    }

    func text(_ name: String) -> String? { environment[name].map { String(decoding: $0, as: UTF8.self) } }

    private static func currentDirectory() -> [UInt8]? {
        guard let found = getcwd(nil, 0) else { return nil }
        defer { free(found) }
        return bytes(found)
    }

    /// The bytes of a C string.
    static func bytes(_ text: UnsafePointer<CChar>) -> [UInt8] {
        // SAFETY: strlen says how many bytes stand before the NUL.
        UnsafeBufferPointer(start: text, count: strlen(text)).map(UInt8.init(bitPattern:))
    }
}
