internal import Processes

/// Tells the local network where this hub is, by avahi (mDNS, DNS-SD: RFC 6763), so that its agents find it under an address that they do
/// not know. A child process that ends with the hub. Nobody has to believe it: the agents know the hub's key.
final class Announcement: Sendable {
    private struct State {
        var child: ChildProcess?
        var isOver = false
    }
    private let state = Monitor(State())
    private let program: String
    private let arguments: [String]
    private static let log = Log("mdns")
    /// Until avahi-publish-service is started again when it has ended.
    private let pause: Duration

    /// Nil where avahi is not, where nobody shall be told, or where nobody could come.
    /// - Parameters:
    ///   - fingerprint: `SHA256:…` of the host key.
    ///   - program: avahi-publish-service.
    convenience init?(_ configuration: HubConfiguration, fingerprint: String, program: String? = nil) {
        guard let program = program ?? findExecutable("avahi-publish-service"), Announcement.isWanted(configuration)
        else { return nil }
        self.init(
            program: program,
            Announcement.arguments(configuration.name, port: configuration.sftpPort, fingerprint: fingerprint))
    }

    init(program: String, _ arguments: [String], pause: Duration = .seconds(60)) {
        self.program = program
        self.arguments = arguments
        self.pause = pause
    }

    static func isWanted(_ configuration: HubConfiguration) -> Bool {
        let address = configuration.listen ?? ""
        return configuration.announce && !address.hasPrefix("127.") && address != "::1"
    }

    /// As DNS-SD has the service that the issue calls `sync-hub._tcp`.
    static let service = "_sync-hub._tcp"

    /// Of avahi-publish-service, which waits for avahi's daemon if it is not there yet.
    static func arguments(_ name: String, port: UInt16, fingerprint: String) -> [String] {
        ["--no-fail", instance(name), service, "\(port)", "fp=\(fingerprint)", "hub=\(name)"]
    }

    /// An instance's name has 63 bytes at most (RFC 6763, section 4.1.1), and looks like no option.
    static func instance(_ name: String) -> String {
        var text = "SyncHub \(name)"
        while text.utf8.count > 63 { text.removeLast() }
        return text
    }

    func start() {
        startThread("mdns") { [self] in
            while let child = begin() {
                let status = child.wait()
                let isOver: Void? = state.wait(timeout: .zero) { $0.isOver ? () : nil }
                if isOver == nil { Announcement.log.debug("not_announced", ["status": "\(status)"]) }
                state.wait(timeout: pause) { $0.isOver ? () : nil }
            }
        }
    }

    /// Nil when it is over, or cannot be started.
    private func begin() -> ChildProcess? {
        state.withLock { state in
            if state.isOver { return nil }
            let options = ChildProcess.Options(input: .null, output: .null, errors: .null, diesWithParent: true)
            state.child = try? ChildProcess(program, arguments, options)
            return state.child
        }
    }

    /// Returns when the child has ended.
    func stop() {
        let child = state.withLock { state in
            state.isOver = true
            return state.child
        }
        child?.terminate()
        _ = child?.wait(timeout: .seconds(2))
        child?.kill()
    }
}
