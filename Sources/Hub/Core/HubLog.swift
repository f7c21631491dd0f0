import Glibc

/// What the hub tells the person who looks at its log: one line `event key=value` on stderr.
enum HubLog {
    static func write(_ event: String, _ facts: String = "") {
        let line = Array("synchub: \(event) \(facts)\n".utf8)
        // A log that cannot be written is no reason to stop.
        _ = line.withUnsafeBytes { Glibc.write(2, $0.baseAddress, $0.count) }
    }
}
